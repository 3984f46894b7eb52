import type { Dns } from '#base/dns.ts'
import { Fault } from '#base/fault.ts'
import { asciiDomain } from './author-domain.ts'
import type { DkimKey, KeyAlgorithm } from './key.ts'
import type { KeyRing } from './key-ring.ts'
import { findRecord, formatTxt, type RecordFinding, recordName, recordText } from './record.ts'

/** A key as the administration shows it. */
export interface ShownKey extends Omit<DkimKey, 'publicKey'> {
  readonly record: {
    readonly name: string
    readonly text: string
    /** The text as a zone file has it. */
    readonly zone: string
  }
  /** What DNS says of the record. */
  readonly found: RecordFinding
  /** When a retired key's record may go. */
  readonly removableAtMs?: number
}

export interface ShownDomain {
  readonly domain: string
  readonly keys: readonly ShownKey[]
  /** Selectors of keys that sign since now. */
  readonly activated: readonly string[]
  /** Selectors of keys that these have followed. */
  readonly retired: readonly string[]
}

/** What a daily check has to say of a domain; a line for the log each. */
export interface DkimRemark {
  readonly domain: string
  readonly selector: string
  readonly is: 'activated' | 'recordMissing' | 'recordWrong'
  readonly why: string
}

export interface DkimDesk {
  /** Domains with keys, and how each key stands; asks no DNS. */
  list(): Promise<readonly { readonly domain: string; readonly keys: readonly DkimKey[] }[]>
  /** The keys of a domain, their records, and what DNS says of them. All that follow reject with a Fault that says what to do. */
  show(domain: string): Promise<ShownDomain>
  /** Make the first keys of a local domain. */
  add(domain: string): Promise<ShownDomain>
  /** Make new keys, which will follow those that sign. */
  rotate(domain: string): Promise<ShownDomain>
  /** Ask DNS; `activate`: keys whose record is there sign from now on; `force`: also those whose record is not seen. */
  check(domain: string, how: { readonly activate: boolean; readonly force: boolean }): Promise<ShownDomain>
  /** Take a key or all keys of a domain away; `force`: also what signs, or signed a few days ago. Gives their selectors. */
  remove(domain: string, selector: string | undefined, force: boolean): Promise<readonly string[]>
  /** Make keys where a domain has none. */
  ensure(domain: string): Promise<'added' | 'same'>
  /** Ask DNS for every domain: what is published begins to sign, and what is amiss is told. For once a day. */
  checkAll(): Promise<readonly DkimRemark[]>
}

export interface DkimDeskParts {
  readonly ring: KeyRing
  readonly dns: Pick<Dns, 'txt'>
  readonly isLocalDomain: (domain: string) => boolean | Promise<boolean>
  readonly nowMs: () => number
}

/** Mail that is under way, or was forwarded, is verified by the old record so long. */
const RETIRED_FOR_MS = 7 * 86_400_000

const KINDS: Readonly<Record<KeyAlgorithm, string>> = { rsa: 'RSA', ed25519: 'Ed25519' }

/** Create what rules the keys that sign mail. */
export function createDkimDesk({ ring, dns, isLocalDomain, nowMs }: DkimDeskParts): DkimDesk {
  async function keysOf(domain: string): Promise<readonly DkimKey[]> {
    const keys = await ring.keysOf(domain)
    if (keys.length === 0) throw refuse(`There are no keys for ${domain}: make them with: postern dkim add ${domain}`)
    return keys
  }

  async function shown(
    domain: string,
    findings?: ReadonlyMap<string, RecordFinding>,
    changed: readonly DkimKey[] = [],
  ): Promise<ShownDomain> {
    const keys = await ring.keysOf(domain)
    const known = findings ?? (await findAll(domain, keys))
    return {
      domain,
      keys: keys.map((key) => shownKey(domain, key, known.get(key.selector))),
      activated: changed.filter(({ state }) => state === 'active').map(({ selector }) => selector),
      retired: changed.filter(({ state }) => state === 'retired').map(({ selector }) => selector),
    }
  }

  async function findAll(domain: string, keys: readonly DkimKey[]): Promise<ReadonlyMap<string, RecordFinding>> {
    return new Map(
      await Promise.all(keys.map(async (key) => [key.selector, await findRecord(domain, key, dns)] as const)),
    )
  }

  async function makeNext(domain: string): Promise<ShownDomain> {
    await ring.makeNext(domain)
    return shown(domain)
  }

  async function checkDomain(domain: string, isWanted: (finding: RecordFinding | undefined) => boolean) {
    const keys = await keysOf(domain)
    const findings = await findAll(domain, keys)
    const wanted = keys.filter(({ selector, state }) => state === 'next' && isWanted(findings.get(selector)))
    const changed = await ring.activate(domain, new Set(wanted.map(({ selector }) => selector)))
    return { findings, changed }
  }

  return {
    async list() {
      const domains = await ring.domains()
      return Promise.all(domains.map(async (domain) => ({ domain, keys: await ring.keysOf(domain) })))
    },

    async show(text) {
      const domain = nameOf(text)
      await keysOf(domain)
      return shown(domain)
    },

    async add(text) {
      const domain = nameOf(text)
      await mustBeLocal(domain)
      if ((await ring.keysOf(domain)).length > 0) {
        throw refuse(
          `${domain} has keys already: see postern dkim show ${domain}, or make new ones with: postern dkim rotate ${domain}`,
        )
      }
      return makeNext(domain)
    },

    async rotate(text) {
      const domain = nameOf(text)
      await keysOf(domain)
      return makeNext(domain)
    },

    async check(text, { activate, force }) {
      const domain = nameOf(text)
      const { findings, changed } = await checkDomain(domain, (found) => force || (activate && found?.is === 'right'))
      return shown(domain, findings, changed)
    },

    async remove(text, selector, force) {
      const domain = nameOf(text)
      const keys = await keysOf(domain)
      const gone = selector === undefined ? keys : keys.filter((key) => key.selector === selector)
      if (gone.length === 0) {
        throw refuse(`${domain} has no key ${JSON.stringify(selector)}: see postern dkim show ${domain}`)
      }
      const kept = force ? undefined : gone.map(whyKept).find((why) => why !== undefined)
      if (kept !== undefined) throw refuse(`Nothing was removed: ${kept}; say --force to remove it all the same`)
      await ring.remove(domain, selector)
      return gone.map((key) => key.selector)
    },

    async ensure(text) {
      const domain = nameOf(text)
      await mustBeLocal(domain)
      if ((await ring.keysOf(domain)).length > 0) return 'same'
      await ring.makeNext(domain)
      return 'added'
    },

    async checkAll() {
      const remarks: DkimRemark[] = []
      for (const domain of await ring.domains()) {
        const { findings, changed } = await checkDomain(domain, (found) => found?.is === 'right')
        for (const { selector, state } of changed) {
          if (state !== 'active') continue
          remarks.push({ domain, selector, is: 'activated', why: 'its record is in DNS: it signs from now on' })
        }
        for (const { selector, state } of await ring.keysOf(domain)) {
          const found = findings.get(selector)
          if (state !== 'active' || found === undefined || found.is === 'right' || found.is === 'unknown') continue
          remarks.push({
            domain,
            selector,
            is: found.is === 'missing' ? 'recordMissing' : 'recordWrong',
            why: found.why,
          })
        }
      }
      return remarks
    },
  }

  async function mustBeLocal(domain: string): Promise<void> {
    if (await isLocalDomain(domain)) return
    throw refuse(
      `${domain} is no local domain: only mail of our own domains is signed; add it with: postern domain add ${domain}`,
    )
  }

  function whyKept({ selector, algorithm, state, retiredAtMs = 0 }: DkimKey): string | undefined {
    if (state === 'active')
      return `${selector} signs mail: without it no mail of this domain has an ${KINDS[algorithm]} signature`
    if (state === 'next' || nowMs() >= retiredAtMs + RETIRED_FOR_MS) return undefined
    const day = new Date(retiredAtMs + RETIRED_FOR_MS).toISOString().slice(0, 10)
    return `${selector} has signed mail that may still be under way; its record is needed until ${day}`
  }
}

function shownKey(domain: string, key: DkimKey, found: RecordFinding | undefined): ShownKey {
  const { publicKey: _public, ...told } = key
  const text = recordText(key)
  return {
    ...told,
    record: { name: recordName(domain, key), text, zone: formatTxt(text) },
    // A key that was made between two looks.
    found: found ?? { is: 'unknown', why: 'not asked yet' },
    ...(key.retiredAtMs === undefined ? {} : { removableAtMs: key.retiredAtMs + RETIRED_FOR_MS }),
  }
}

function nameOf(text: string): string {
  const domain = asciiDomain(text)
  if (domain === undefined)
    throw refuse(`Cannot take ${JSON.stringify(text.slice(0, 300))}: wanted a domain such as example.com`)
  return domain
}

function refuse(message: string): Fault {
  return new Fault(message, { temporary: false })
}
