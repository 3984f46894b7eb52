import { messageOf } from '#base/fault.ts'
import type { Terminal } from './command.ts'

export interface Stoppable {
  /** Resolves when the server cannot go on, with why. */
  readonly failed: Promise<unknown>
  stop(why: string): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Wait until a signal asks the server to stop, or it cannot go on, and stop it; gives the exit code. A second signal ends the
 * process at once.
 */
export async function untilStopped(server: Stoppable, { remark }: Pick<Terminal, 'remark'>): Promise<number> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(1))
      })
    }
  })
  const ended = await Promise.race([
    signalled.then((signal) => ({ signal })),
    server.failed.then(
      (error) => ({ error }),
      (error: unknown) => ({ error }),
    ),
  ])
  if ('signal' in ended) {
    await server.stop(ended.signal)
    return 0
  }
  remark(`postern: the server cannot go on: ${messageOf(ended.error)}`)
  await server.stop('failed')
  return 1
}
