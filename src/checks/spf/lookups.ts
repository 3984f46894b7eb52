import type { Clock } from '#base/clock.ts'
import type { DnsAnswer, DnsUnknown } from '#base/dns.ts'
import type { SpfDns } from './spf-dns.ts'

/** Terms that ask DNS, in one check (RFC 7208 §4.6.4). */
export const MOST_LOOKUPS = 10
/** Questions that find nothing, in one check (RFC 7208 §4.6.4). */
export const MOST_VOID_LOOKUPS = 2

/** What ends a check without an answer. */
export interface Trouble {
  readonly is: 'trouble'
  readonly result: 'temperror' | 'permerror'
  readonly because: string
}

/** Found, or nothing there; a question that nobody could answer is trouble. */
export type Looked<T> = ({ readonly is: 'found' } & T) | { readonly is: 'none' } | Trouble

/** The questions of one check: counted, and answered before its time is over. */
export class Lookups {
  readonly #dns: SpfDns
  readonly #alarm: { cancel(): void }
  readonly #late: Promise<DnsUnknown>
  #isLate = false
  #terms = 0
  #voids = 0

  constructor(dns: SpfDns, clock: Clock, timeoutMs: number) {
    this.#dns = dns
    const { promise, resolve } = Promise.withResolvers<DnsUnknown>()
    this.#late = promise
    this.#alarm = clock.after(timeoutMs, () => {
      this.#isLate = true
      resolve({ is: 'unknown', because: `the check was not done within ${timeoutMs / 1000} s` })
    })
  }

  get terms(): number {
    return this.#terms
  }

  get voids(): number {
    return this.#voids
  }

  /** The time of the check is over. */
  get isLate(): boolean {
    return this.#isLate
  }

  /** End the check's time. */
  close(): void {
    this.#alarm.cancel()
  }

  /** Count a term that asks DNS; trouble where it is one too many. */
  countTerm(): Trouble | undefined {
    if (this.#terms === MOST_LOOKUPS) return permanent(`it needs more than ${MOST_LOOKUPS} DNS look-ups`)
    this.#terms += 1
    return undefined
  }

  /** Count what a question found: trouble where it could not be answered, or found nothing once too often. */
  count<T>(name: string, type: string, answer: DnsAnswer<T>): Looked<T> {
    if (answer.is === 'unknown') return temporary(name, type, answer)
    if (answer.is === 'found') return answer
    this.#voids += 1
    if (this.#voids <= MOST_VOID_LOOKUPS) return { is: 'none' }
    return permanent(`more than ${MOST_VOID_LOOKUPS} of its DNS look-ups find nothing, the last one ${name} ${type}`)
  }

  txt(name: string) {
    return this.#ask(() => this.#dns.txt(name))
  }

  addresses(name: string, family: 4 | 6) {
    return this.#ask(() => this.#dns.addresses(name, family))
  }

  mx(name: string) {
    return this.#ask(() => this.#dns.mx(name))
  }

  ptr(ip: string) {
    return this.#ask(() => this.#dns.ptr(ip))
  }

  #ask<T>(run: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T>> {
    return this.#isLate ? this.#late : Promise.race([run(), this.#late])
  }
}

/** Say that the record, or one that it leads to, is wrong. */
export function permanent(because: string): Trouble {
  return { is: 'trouble', result: 'permerror', because }
}

/** Say that a question could not be answered now. */
export function temporary(name: string, type: string, { because }: DnsUnknown): Trouble {
  return { is: 'trouble', result: 'temperror', because: `${name} ${type} could not be looked up: ${because}` }
}
