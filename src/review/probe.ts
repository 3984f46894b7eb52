/** Asks a running server, as a stranger would, to relay: every classic way, and never a message. */
import type { Duplex } from 'node:stream'
import { type Clock, systemClock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'
import { printable } from '#base/printable.ts'
import type { ProbeStep } from './audit.ts'
import { type Attempt, relayAttempts } from './probe-attempts.ts'
import { ReplyReader } from './probe-replies.ts'

/** The name that the probe gives itself in EHLO: the records of its sessions bear it. */
export const PROBE_NAME = 'postern-probe'

export interface ProbeOptions {
  /** The address that the server sees. */
  readonly from: string
  /** The server's own name. */
  readonly hostname: string
  /** A domain of ours, for addresses that only look local; the server's name where there is none. */
  readonly localDomain?: string
  /**
   * Tells whether the server itself keeps mail for this address, where it says yes: a catch-all takes `far%there@here`
   * without relaying it. Absent: every yes counts as relayed.
   */
  readonly endsHere?: (address: string) => boolean | Promise<boolean>
  /** How long to wait for one reply, a greeting that is held back included. */
  readonly patienceMs?: number
  /** How long the whole may take; what was not asked by then is left out. */
  readonly mostMs?: number
  readonly clock?: Clock
}

/** Few enough for one session that refusals are neither held back nor counted as a session gone wrong. */
const ATTEMPTS_A_SESSION = 4
/** How long a server may take to close its side; then ours is cut. */
const PARTING_MS = 1_000
const PATIENCE_MS = 15_000
const MOST_MS = 120_000

/**
 * Ask a server to relay, each way in its own transaction, over connections that `connect` opens one after the other. Survives any
 * server: what cannot be asked is told in the step, and is not relayed. Never throws.
 */
export async function probe(connect: () => Promise<Duplex>, options: ProbeOptions): Promise<readonly ProbeStep[]> {
  const { hostname, localDomain = hostname, patienceMs = PATIENCE_MS, mostMs = MOST_MS, clock = systemClock } = options
  const endsAtMs = clock.monotonicMs() + mostMs
  const attempts = [...relayAttempts({ hostname, localDomain })]
  const steps: ProbeStep[] = []
  while (attempts.length > 0 && clock.monotonicMs() < endsAtMs) {
    let talk: Talk
    try {
      talk = await Talk.begin(connect, clock, patienceMs, endsAtMs)
    } catch (error) {
      // Nobody there, or nobody for us: asking again would only be told the same.
      return [...steps, { said: '(connecting)', answered: told(error), relayed: false }]
    }
    for (let asked = 0; asked < ATTEMPTS_A_SESSION; asked++) {
      const [attempt] = attempts
      if (attempt === undefined) break
      const { step, over } = await ask(talk, attempt, options.endsHere)
      // A session that ended under the question is no answer to it, unless it does so each time.
      if (over && asked > 0 && !step.relayed) break
      steps.push(step)
      attempts.shift()
      if (over) break
    }
    talk.end()
  }
  return steps
}

interface Asked {
  readonly step: ProbeStep
  /** The session has ended, or may not be used further. */
  readonly over: boolean
}

async function ask(talk: Talk, attempt: Attempt, endsHere: ProbeOptions['endsHere']): Promise<Asked> {
  const { from, to, looksLocal } = attempt
  const said = from === undefined ? to : `${from}, ${to}`
  const refused = (answered: string, over: boolean): Asked => ({ step: { said, answered, relayed: false }, over })
  let answered: string
  try {
    if (from !== undefined) {
      const sender = await talk.say(from)
      if (!sender.startsWith('2')) return refused(`${sender} (to the sender)`, !(await talk.reset()))
    }
    answered = await talk.say(to)
  } catch (error) {
    return refused(told(error), true)
  }
  const over = !(await talk.reset())
  // RFC 5321 §3.5.3: 252 promises nothing.
  if (!answered.startsWith('2') || answered.startsWith('252')) return refused(answered, over)
  const here = looksLocal !== undefined && (await keptHere(looksLocal, endsHere))
  if (here) return refused(`${answered} (kept here, not relayed)`, over)
  return { step: { said, answered, relayed: true }, over }
}

/** A directory that cannot be asked clears nobody. */
async function keptHere(address: string, endsHere: ProbeOptions['endsHere']): Promise<boolean> {
  try {
    return (await endsHere?.(address)) ?? false
  } catch {
    return false
  }
}

function told(error: unknown): string {
  return printable(messageOf(error), 200)
}

/** One session with the server. */
class Talk {
  readonly #socket: Duplex
  readonly #replies: ReplyReader
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #endsAtMs: number

  private constructor(socket: Duplex, clock: Clock, patienceMs: number, endsAtMs: number) {
    this.#socket = socket
    this.#replies = new ReplyReader(socket)
    this.#clock = clock
    this.#patienceMs = patienceMs
    this.#endsAtMs = endsAtMs
  }

  /** Connect, take the greeting and say EHLO; rejects when the server will have none of it. */
  static async begin(
    connect: () => Promise<Duplex>,
    clock: Clock,
    patienceMs: number,
    endsAtMs: number,
  ): Promise<Talk> {
    const talk = new Talk(await connect(), clock, patienceMs, endsAtMs)
    try {
      const greeting = await talk.#reply()
      if (!greeting.startsWith('220')) throw new Error(`${greeting} (instead of a greeting)`)
      const hello = await talk.say(`EHLO ${PROBE_NAME}`)
      if (!hello.startsWith('250')) throw new Error(`${hello} (to EHLO)`)
      return talk
    } catch (error) {
      talk.end()
      throw error
    }
  }

  /** Say a line and give the last line of the reply. */
  async say(line: string): Promise<string> {
    if (this.#socket.writable) this.#socket.write(`${line}\r\n`)
    return this.#reply()
  }

  /** Give up the transaction; false when the session has ended. */
  async reset(): Promise<boolean> {
    try {
      return (await this.say('RSET')).startsWith('250')
    } catch {
      return false
    }
  }

  /** Say goodbye and leave, without waiting for an answer. */
  end(): void {
    this.#socket.end('QUIT\r\n')
    this.#clock.after(PARTING_MS, () => this.#socket.destroy())
  }

  async #reply(): Promise<string> {
    const leftMs = Math.min(this.#patienceMs, this.#endsAtMs - this.#clock.monotonicMs())
    return printable(await this.#replies.next(this.#clock, Math.max(0, leftMs)), 200)
  }
}
