/** A network of the tests' own in which servers stand as they do in the world: addresses that are not loopback, ports 25 and 443. */
import { spawnSync } from 'node:child_process'
import { programPath } from '../peers/needs.ts'

const PREFIX = 'postern-far-'

/** node:test's `skip`: networks can be made by root alone, with Debian's ip. */
export const farSkip: string | false =
  process.platform !== 'linux'
    ? 'network namespaces exist on Linux only'
    : process.getuid?.() !== 0
      ? 'only root may make network namespaces'
      : programPath('ip') === undefined && 'needs the Debian package iproute2'

export interface FarNetwork extends Disposable {
  /** Put before a command, it runs there. */
  readonly under: readonly string[]
  /** An address there: 2 to 40. */
  ip(number: number): string
}

/** Make the network: this machine reaches it directly. What an earlier process left behind is taken away first. */
export function openFarNetwork(): FarNetwork {
  removeStale()
  const name = `${PREFIX}${process.pid}`
  const part = process.pid % 250
  const outer = `pf${process.pid}`
  const close = () => {
    spawnSync('ip', ['netns', 'delete', name])
  }
  try {
    ip('netns', 'add', name)
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', 'far', 'netns', name)
    ip('address', 'add', `10.198.${part}.1/24`, 'dev', outer)
    ip('link', 'set', outer, 'up')
    ip('-n', name, 'link', 'set', 'lo', 'up')
    for (let host = 2; host <= 40; host++) ip('-n', name, 'address', 'add', `10.198.${part}.${host}/24`, 'dev', 'far')
    ip('-n', name, 'link', 'set', 'far', 'up')
  } catch (error) {
    close()
    throw error
  }
  return {
    under: ['ip', 'netns', 'exec', name],
    ip: (number) => `10.198.${part}.${number}`,
    [Symbol.dispose]: close,
  }
}

function ip(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8', timeout: 10_000 })
  if (status !== 0) throw new Error(`Cannot run ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Take away the namespaces of processes that are no more; their interfaces go with them. */
function removeStale(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [, name = '', pid] of stdout.matchAll(new RegExp(`^(${PREFIX}(\\d+))\\b`, 'gm'))) {
    try {
      process.kill(Number(pid), 0)
    } catch {
      spawnSync('ip', ['netns', 'delete', name])
    }
  }
}
