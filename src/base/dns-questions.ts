import type { Clock } from './clock.ts'
import type { DnsNone, DnsOptions, DnsUnknown, Validated } from './dns.ts'
import { DnsCache } from './dns-cache.ts'
import { normalizeDnsName, reservedName } from './dns-name.ts'

/** What became of a question: the records, that there are none, or that it could not be found out. */
export type Outcome<T> = (Validated & { readonly is: 'found'; readonly records: readonly T[] }) | DnsNone | DnsUnknown

/** An outcome, and for how long it holds. */
export interface Kept<T> {
  readonly outcome: Outcome<T>
  readonly keepMs: number
}

export const NO_NAME: DnsNone = { is: 'none', why: 'it is no host name' }
export const MAX_TTL_S = 86_400
export const NONE_TTL_MS = 60_000
/** A server that is away is asked anew this often for each name, not by each of a thousand sessions. */
export const UNKNOWN_TTL_MS = 5_000
/** Questions under way at once; the memory and the servers' patience are bounded. */
const MOST_UNDER_WAY = 500

const TOO_MANY: DnsUnknown = { is: 'unknown', because: 'too many DNS questions under way' }

/** What asks the servers, opened for one list of them. */
export interface Engine<E> {
  open(options: DnsOptions): Promise<E>
  /** End what is under way. */
  close(engine: E): void
}

/** All that belongs to one list of servers; a question that began with it ends with it. */
interface Asked<E> {
  readonly cache: DnsCache<Outcome<unknown>>
  /** Who asks the same meanwhile has the same answer. */
  readonly underWay: Map<string, Promise<Outcome<unknown>>>
  /** Of those under way, the ones that the servers are asked now; the others stand in line. */
  running: number
  readonly line: (() => void)[]
  engine?: Promise<E>
}

/** Questions to DNS with an engine of any kind: kept, asked once for all who wait, bounded in time and number. */
export class DnsQuestions<E> {
  readonly #clock: Clock
  readonly #engine: Engine<E>
  readonly #mostInLine: number
  #options: DnsOptions
  #asked: Asked<E>

  /** `mostInLine` questions wait for their turn when there are many; further ones are refused at once. */
  constructor(options: DnsOptions, engine: Engine<E>, clock: Clock, mostInLine = 0) {
    this.#options = options
    this.#engine = engine
    this.#clock = clock
    this.#mostInLine = mostInLine
    this.#asked = this.#begin()
  }

  /** Ask for records of `name`, which is in its one form. `run` does not reject. */
  ask<T>(
    type: string,
    name: string,
    run: (engine: Promise<E>, options: DnsOptions) => Promise<Kept<T>>,
  ): Promise<Outcome<T>> {
    const mine = this.#asked
    const options = this.#options
    const key = `${type} ${name}`
    const kept = mine.cache.get(key, this.#clock.monotonicMs()) as Outcome<T> | undefined
    if (kept !== undefined) return Promise.resolve(kept)
    const shared = mine.underWay.get(key) as Promise<Outcome<T>> | undefined
    if (shared !== undefined) return shared
    if (mine.running >= MOST_UNDER_WAY && mine.line.length >= this.#mostInLine) return Promise.resolve(TOO_MANY)

    const inTime = inTurn(mine, () => {
      const answer = run(this.#engineOf(mine), options).then(({ outcome, keepMs }) => {
        // An answer that came too late for who asked is there for the next.
        mine.cache.set(key, outcome, this.#clock.monotonicMs() + keepMs)
        mine.underWay.delete(key)
        mine.running--
        mine.line.shift()?.()
        return outcome
      })
      return within(answer, options, this.#clock)
    })
    mine.underWay.set(key, inTime)
    return inTime
  }

  /** Ask for records of what may be a name; what is none, or leads nowhere by definition, is not asked for. */
  askName<T>(
    type: string,
    text: string,
    run: (engine: Promise<E>, name: string, options: DnsOptions) => Promise<Kept<T>>,
  ): Promise<Outcome<T>> {
    const name = normalizeDnsName(text)
    if (name === undefined) return Promise.resolve(NO_NAME)
    const why = reservedName(name)
    if (why !== undefined) return Promise.resolve({ is: 'none', why })
    return this.ask(type, name, (engine, options) => run(engine, name, options))
  }

  /** Go on with these options; what other servers said is forgotten. */
  adopt(next: DnsOptions): void {
    const { servers, timeoutMs } = this.#options
    this.#options = next
    if (next.servers.join(' ') !== servers.join(' ')) this.#asked = this.#begin()
    // The same servers with another patience: what they said still holds.
    else if (next.timeoutMs !== timeoutMs) this.#asked = { ...this.#begin(), cache: this.#asked.cache }
    this.#asked.cache.resize(next.cacheSize)
  }

  /** End the questions that are under way, as unknown. */
  close(): void {
    void this.#asked.engine?.then(this.#engine.close, () => {})
  }

  #begin(): Asked<E> {
    return { cache: new DnsCache(this.#options.cacheSize), underWay: new Map(), running: 0, line: [] }
  }

  #engineOf(mine: Asked<E>): Promise<E> {
    if (mine.engine === undefined) {
      mine.engine = this.#engine.open(this.#options)
      mine.engine.catch(() => {
        // A server whose name was not found may be found later.
        this.#clock.after(UNKNOWN_TTL_MS, () => {
          delete mine.engine
        })
      })
    }
    return mine.engine
  }
}

/** Begin a question now, or when one that is asked has ended. */
function inTurn<E, T>(asked: Asked<E>, begin: () => Promise<T>): Promise<T> {
  function run(): Promise<T> {
    asked.running++
    return begin()
  }
  if (asked.running < MOST_UNDER_WAY) return run()
  return new Promise((resolve) => {
    asked.line.push(() => resolve(run()))
  })
}

/** Name the servers that are asked, for a sentence. */
export function serversText(servers: readonly string[]): string {
  return servers.length === 0 ? "the system's DNS servers" : servers.join(', ')
}

/** Wait for an answer no longer than the options say. */
function within<T>(answer: Promise<Outcome<T>>, { timeoutMs, servers }: DnsOptions, clock: Clock): Promise<Outcome<T>> {
  return new Promise((resolve) => {
    const alarm = clock.after(timeoutMs, () => {
      resolve({ is: 'unknown', because: `no answer from ${serversText(servers)} within ${timeoutMs} ms` })
    })
    void answer.then((outcome) => {
      alarm.cancel()
      resolve(outcome)
    })
  })
}
