/** What the tests of the commands against a real administration share: parts that keep what they are told, and a shell. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createAdmin } from '#admin/admin.ts'
import type { DomainState, PlannedWay, RunningDelivery } from '#admin/delivery-desk.ts'
import type { AdminParts } from '#admin/parts.ts'
import { listenOnSocket, type OpenSocket } from '#admin/socket.ts'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { runCommandLine } from './run.ts'
import { noRuntime, recordTerminal } from './testing.ts'

type Given = Parameters<typeof recordTerminal>[0]
type Block = ReturnType<AdminParts['blocks']['blocks']>[number]
type Suspension = ReturnType<AdminParts['blocks']['suspensions']>[number]
type Audit = Awaited<ReturnType<AdminParts['audit']>>

/** Keepers without a server behind them: they keep what they are told, and say so in `calls`. */
export interface FakeKeepers {
  readonly parts: Pick<
    AdminParts,
    | 'clock'
    | 'blocks'
    | 'accounts'
    | 'popLogins'
    | 'audit'
    | 'ledger'
    | 'delivery'
    | 'administratorAt'
    | 'administratorAddress'
  >
  readonly clock: ManualClock
  readonly calls: unknown[]
  readonly blocks: Block[]
  readonly suspensions: Suspension[]
  readonly logins: { ip: string; atMs: number; user: string }[]
  audit: Audit
  /** What the thread that delivers tells. */
  readonly desk: {
    running: RunningDelivery[]
    domains: DomainState[]
    way: PlannedWay | undefined
    /** How many entries `bounce` says it were. */
    bounced: number
  }
}

/** Create keepers of nothing yet. */
export function createFakeKeepers(): FakeKeepers {
  const clock = new ManualClock(Date.UTC(2026, 10, 24, 12))
  const calls: unknown[] = []
  const blocks: Block[] = []
  const suspensions: Suspension[] = []
  const logins: { ip: string; atMs: number; user: string }[] = []
  let administrator: string | undefined
  let number = 0
  const desk: FakeKeepers['desk'] = { running: [], domains: [], way: undefined, bounced: 0 }

  const fakes: FakeKeepers = {
    clock,
    calls,
    blocks,
    suspensions,
    logins,
    desk,
    audit: { findings: [] },
    parts: {
      clock,
      blocks: {
        blocks: () => blocks,
        suspensions: () => suspensions,
        async block({ network, forMs, why, author }) {
          if (network === '127.0.0.1') {
            throw new Fault('Cannot block 127.0.0.1: it is on the never-block list', { temporary: false })
          }
          number += 1
          const sinceMs = clock.nowMs()
          const until = forMs === undefined ? {} : { untilMs: sinceMs + forMs }
          const block = { id: number, network, reason: 'by-hand', evidence: why, sinceMs, repeats: 0, author, ...until }
          blocks.push(block)
          return block
        },
        async lift(which, author) {
          calls.push({ lift: which, author })
          const gone = blocks.filter((block) =>
            'id' in which ? block.id === which.id : block.network === which.network,
          )
          for (const block of gone) blocks.splice(blocks.indexOf(block), 1)
          return gone
        },
        async restoreTrust(ip, author) {
          calls.push({ restore: ip, author })
          const at = suspensions.findIndex((suspension) => suspension.ip === ip)
          return at !== -1 && suspensions.splice(at, 1).length === 1
        },
      },
      accounts: {
        async freeze(address, why) {
          calls.push({ freeze: address, ...why })
          return { held: 3 }
        },
        async release(address, how) {
          calls.push({ release: address, ...how })
          return how.deleteQueued ? { released: 0, removed: 3 } : { released: 1, removed: 0 }
        },
      },
      popLogins: {
        list: () => logins,
        async revoke(ip) {
          const at = logins.findIndex((login) => login.ip === ip)
          return at !== -1 && logins.splice(at, 1).length === 1
        },
      },
      async audit(settings, options) {
        calls.push({ audit: settings.session.maxHops, ...options })
        return fakes.audit
      },
      delivery: {
        running: async () => desk.running,
        domains: async () => desk.domains,
        plan: async () => desk.way,
        async route(sender, recipient) {
          calls.push({ route: { sender, recipient } })
          return desk.way ?? { route: 'by MX', hosts: [], tls: 'opportunistic' }
        },
        lookAgain: (tryNow) => void calls.push(tryNow === undefined ? 'look again' : { tryNow }),
        async bounce(filter, author) {
          calls.push({ bounce: filter, author })
          return desk.bounced
        },
        counts: async () => ({ delivered: 0, deferred: 0, failed: 0, expired: 0, underWay: 0, domainsDown: 0 }),
      },
      ledger: () => ({ bytes: 1024, cells: 3, room: 64, letGo: 0 }),
      async administratorAt(ip) {
        calls.push({ administratorAt: ip })
        administrator = ip
      },
      administratorAddress: () => administrator,
    },
  }
  return fakes
}

/** A shell whose `postern` speaks to an administration over these parts. */
export interface Shell {
  postern(line: string, given?: Given): Promise<{ code: number; out: string; err: string }>
  /** Expect success without a remark, and give what was printed. */
  done(line: string, given?: Given): Promise<string>
  json<T>(line: string): Promise<T>
  /** Expect a failure that prints nothing, and says this. */
  refused(line: string, says: RegExp, given?: Given): Promise<void>
  readonly env: Record<string, string>
  close(): Promise<void>
}

/** Open the administration in its data directory, and a shell to it. */
export async function openShell(parts: AdminParts): Promise<Shell> {
  const admin = createAdmin(parts)
  const socket: OpenSocket = await listenOnSocket(await admin.ready(), join(parts.dataDir, 'admin.sock'))
  const env: Record<string, string> = { POSTERN_DATA: parts.dataDir }

  /** Run a command line as a shell would split it: words with blanks stand in double quotes. */
  async function postern(line: string, given: Given = {}) {
    const argv = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const terminal = recordTerminal(given)
    const code = await runCommandLine({ argv, env, user: 'anna', terminal, runtime: noRuntime })
    return { code, out: terminal.printed.join(''), err: terminal.remarks.join('\n') }
  }

  async function done(line: string, given: Given = {}): Promise<string> {
    const { code, out, err } = await postern(line, given)
    assert.deepEqual({ code, err }, { code: 0, err: '' }, line)
    return out
  }

  return {
    env,
    postern,
    done,
    json: async <T>(line: string) => JSON.parse(await done(`${line} --json`)) as T,
    async refused(line, says, given = {}) {
      const { code, out, err } = await postern(line, given)
      assert.notEqual(code, 0, line)
      assert.equal(out, '', line)
      assert.match(err, says, line)
    },
    close: () => socket.close(),
  }
}
