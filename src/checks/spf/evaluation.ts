import { isAscii } from '#base/ascii.ts'
import { printable } from '#base/printable.ts'
import { type Address, parseAddress, sharesPrefix } from './client-address.ts'
import { chooseClientName, clientNames, isWithin } from './client-names.ts'
import { type Looked, type Lookups, permanent, type Trouble, temporary } from './lookups.ts'
import {
  expandExplanation,
  expandName,
  type MacroPart,
  type MacroValues,
  needsClientName,
  parseMacroString,
} from './macro.ts'
import { queryName } from './query-name.ts'
import {
  type Directive,
  isSpfRecord,
  type Mechanism,
  parseSpfRecord,
  type Qualifier,
  type SpfRecord,
} from './record.ts'
import type { SpfVerdict } from './result.ts'

/** What came of one domain's record. */
export interface Outcome {
  readonly result: SpfVerdict
  readonly because: string
  readonly mechanism?: string
  /** Where the domain's owner says why (`exp=`), and the domain whose record asks for it. */
  readonly explanation?: { readonly target: readonly MacroPart[]; readonly domain: string }
}

/** The macros whose values are the same through the whole check. */
export type CheckValues = Omit<MacroValues, 'd' | 'p'>

/** MX hosts of one name that are looked up (RFC 7208 §4.6.4). */
const MOST_EXCHANGES = 10
const MOST_EXPLANATION = 400
const MOST_SHOWN = 100

const RESULTS: Readonly<Record<Qualifier, SpfVerdict>> = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' }

type Match = boolean | Trouble

/** The evaluation of one check: the records of a domain and of those it leads to, for one client. */
export class Evaluation {
  readonly #lookups: Lookups
  readonly #client: Address
  readonly #values: CheckValues
  #clientNames: Promise<readonly string[]> | undefined

  constructor(lookups: Lookups, client: Address, values: CheckValues) {
    this.#lookups = lookups
    this.#client = client
    this.#values = values
  }

  /** Evaluate the record of a domain: `check_host()` (RFC 7208 §4). The domain is in lower case. */
  async evaluate(domain: string): Promise<Outcome> {
    const record = await this.#load(domain)
    if ('result' in record) return record
    for (const directive of record.directives) {
      const { mechanism, qualifier, written } = directive
      const match = await this.#matches(mechanism, domain)
      if (match === false) continue
      if (match !== true) return this.#troubled(match, directive, domain)
      const shown = printable(written, MOST_SHOWN)
      return {
        result: RESULTS[qualifier],
        mechanism: shown,
        because: `"${shown}" in the record of ${domain} matches`,
        ...(record.explanation && { explanation: { target: record.explanation, domain } }),
      }
    }
    // RFC 7208 §6.1: only where no mechanism matched; an explanation of this record is then no longer asked for.
    if (record.redirect !== undefined) return this.#redirect(record.redirect, domain)
    // RFC 7208 §4.7.
    return { result: 'neutral', because: `nothing in the record of ${domain} matches` }
  }

  /** Look up what the domain's owner says to whoever fails (RFC 7208 §6.2); undefined for anything wrong with it. */
  async explain({ target, domain }: NonNullable<Outcome['explanation']>): Promise<string | undefined> {
    const name = queryName(await this.#expand(target, domain))
    if (name === undefined) return undefined
    const answer = await this.#lookups.txt(name)
    if (answer.is !== 'found' || answer.texts.length !== 1) return undefined
    const parts = parseMacroString(answer.texts[0] as string, 'explanation')
    if (parts === undefined) return undefined
    const text = expandExplanation(parts, await this.#valuesFor(parts, domain), MOST_EXPLANATION)
    return text === '' ? undefined : text
  }

  /** RFC 7208 §4.4, §4.5. */
  async #load(domain: string): Promise<SpfRecord | Outcome> {
    const answer = await this.#lookups.txt(domain)
    if (answer.is === 'unknown') return temporary(domain, 'TXT', answer)
    const records = answer.is === 'found' ? answer.texts.filter(isSpfRecord) : []
    if (records.length === 0) {
      const why = answer.is === 'none' ? answer.why : 'its TXT records are others'
      return { result: 'none', because: `${domain} has no SPF record (${why})` }
    }
    if (records.length > 1) return { result: 'permerror', because: `${domain} has ${records.length} SPF records` }
    const record = parseSpfRecord(records[0] as string)
    return typeof record === 'string'
      ? { result: 'permerror', because: `the SPF record of ${domain} is wrong: ${record}` }
      : record
  }

  async #redirect(target: readonly MacroPart[], domain: string): Promise<Outcome> {
    const tooMany = this.#lookups.countTerm()
    if (tooMany !== undefined) return { ...tooMany, because: `the SPF record of ${domain}: ${tooMany.because}` }
    const name = queryName(await this.#expand(target, domain))
    if (name === undefined)
      return { result: 'permerror', because: `redirect= in the record of ${domain} names no domain` }
    const outcome = await this.evaluate(name)
    // RFC 7208 §6.1: a record that is not there is an error of the one that leads to it.
    return outcome.result === 'none'
      ? { result: 'permerror', because: `redirect= in the record of ${domain}: ${outcome.because}` }
      : outcome
  }

  #matches(mechanism: Mechanism, domain: string): Match | Promise<Match> {
    switch (mechanism.is) {
      case 'all':
        return true
      case 'ip':
        return sharesPrefix(this.#client, mechanism.network, mechanism.bits)
      default: {
        const tooMany = this.#lookups.countTerm()
        if (tooMany !== undefined) return tooMany
        return this.#look(mechanism, domain)
      }
    }
  }

  async #look(mechanism: Exclude<Mechanism, { readonly is: 'all' | 'ip' }>, domain: string): Promise<Match> {
    const text = mechanism.target === undefined ? domain : await this.#expand(mechanism.target, domain)
    // RFC 8616 §4: a term that holds a local part beyond ASCII matches nothing.
    if (!isAscii(text)) return false
    const name = queryName(text)
    if (mechanism.is === 'include') return this.#include(name)
    if (name === undefined) return false
    switch (mechanism.is) {
      case 'a':
        return this.#isHost(name, mechanism, await this.#lookups.addresses(name, this.#client.family))
      case 'mx':
        return this.#isExchange(name, mechanism)
      case 'ptr':
        return this.#isNamedWithin(name)
      case 'exists': {
        // RFC 7208 §5.7: A, whatever the client's family.
        const looked = this.#lookups.count(name, 'A', await this.#lookups.addresses(name, 4))
        return looked.is === 'trouble' ? looked : looked.is === 'found'
      }
    }
  }

  /** RFC 7208 §5.2: the table of results. */
  async #include(name: string | undefined): Promise<Match> {
    if (name === undefined) return permanent('it includes what is no domain name')
    const { result, because } = await this.evaluate(name)
    if (result === 'temperror') return { is: 'trouble', result, because }
    if (result === 'permerror' || result === 'none') return permanent(because)
    return result === 'pass'
  }

  /** RFC 7208 §5.3. */
  #isHost(name: string, bits: Bits, answer: Awaited<ReturnType<Lookups['addresses']>>): Match {
    const { family } = this.#client
    const looked = this.#lookups.count(name, family === 4 ? 'A' : 'AAAA', answer)
    if (looked.is === 'trouble') return looked
    if (looked.is === 'none') return false
    return looked.addresses.some((text) => {
      const address = parseAddress(text)
      return address !== undefined && sharesPrefix(address, this.#client, family === 4 ? bits.bits4 : bits.bits6)
    })
  }

  /** RFC 7208 §5.4. */
  async #isExchange(name: string, bits: Bits): Promise<Match> {
    const looked: Looked<{ readonly exchanges: readonly { readonly host: string }[] }> = this.#lookups.count(
      name,
      'MX',
      await this.#lookups.mx(name),
    )
    if (looked.is === 'trouble') return looked
    if (looked.is === 'none') return false
    if (looked.exchanges.length > MOST_EXCHANGES) {
      return permanent(`${name} has ${looked.exchanges.length} MX hosts, more than ${MOST_EXCHANGES}`)
    }
    // RFC 7505 §3: the empty host is none.
    const hosts = looked.exchanges.map(({ host }) => queryName(host)).filter((host) => host !== undefined)
    // Asked for at once, and looked at in their order.
    const answers = await Promise.all(hosts.map((host) => this.#lookups.addresses(host, this.#client.family)))
    for (const [index, host] of hosts.entries()) {
      const match = this.#isHost(host, bits, answers[index] as (typeof answers)[number])
      if (match !== false) return match
    }
    return false
  }

  /** RFC 7208 §5.5. */
  async #isNamedWithin(domain: string): Promise<Match> {
    const names = await this.#namesOfClient()
    if (names.some((name) => isWithin(name, domain))) return true
    // Errors of DNS make no match here; that there is no time left is another thing.
    if (!this.#lookups.isLate) return false
    return { is: 'trouble', result: 'temperror', because: 'the names of the client could not be looked up in time' }
  }

  #namesOfClient(): Promise<readonly string[]> {
    this.#clientNames ??= clientNames(this.#lookups, this.#client)
    return this.#clientNames
  }

  async #expand(parts: readonly MacroPart[], domain: string): Promise<string> {
    return expandName(parts, await this.#valuesFor(parts, domain))
  }

  async #valuesFor(parts: readonly MacroPart[], domain: string): Promise<MacroValues> {
    const p = needsClientName(parts) ? chooseClientName(await this.#namesOfClient(), domain) : ''
    return { ...this.#values, d: domain, p }
  }

  #troubled(trouble: Trouble, { written }: Directive, domain: string): Outcome {
    return {
      result: trouble.result,
      because: `"${printable(written, MOST_SHOWN)}" in the record of ${domain}: ${trouble.because}`,
    }
  }
}

interface Bits {
  readonly bits4: number
  readonly bits6: number
}
