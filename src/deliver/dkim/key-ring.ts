import { createPrivateKey } from 'node:crypto'
import { Fault } from '#base/fault.ts'
import type { Vault } from '../vault.ts'
import { chooseSelector, type DkimKey, type KeyAlgorithm, makeKey } from './key.ts'
import type { SigningKey } from './signature.ts'

/** The keys of each domain, kept in the vault: one secret a domain, so that a change of several keys is one. */
export interface KeyRing {
  /** Domains that have keys, in their order. */
  domains(): Promise<readonly string[]>
  /** Every key of a domain, the oldest first; none where it has none. Needs no secret. */
  keysOf(domain: string): Promise<readonly DkimKey[]>
  /** Make a new key of each kind, as `next`; gives them. Rejects with a Fault where some are `next` already. */
  makeNext(domain: string): Promise<readonly DkimKey[]>
  /** Let keys that are `next` sign from now on; what signed until now, of the same kind, is `retired`. Gives those that changed. */
  activate(domain: string, selectors: ReadonlySet<string>): Promise<readonly DkimKey[]>
  /** Take a key, or a domain with all its keys, away; false when there was none. */
  remove(domain: string, selector?: string): Promise<boolean>
  /** Open the keys that sign; rejects with a Fault when that cannot be. */
  signingKeys(domain: string): Promise<readonly SigningKey[]>
}

const ALGORITHMS: readonly KeyAlgorithm[] = ['rsa', 'ed25519']

/** Private keys by selector, PKCS #8 in base64. */
type Secrets = Readonly<Record<string, string>>

/** Keep keys in the vault. Changes come one after the other; only one thread may make any. */
export function createKeyRing({ vault, nowMs }: { readonly vault: Vault; readonly nowMs: () => number }): KeyRing {
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = last.then(change, change)
    last = done.catch(() => {})
    return done
  }

  async function keysOf(domain: string): Promise<readonly DkimKey[]> {
    const shown = await vault.show('dkim', domain)
    return shown === undefined ? [] : parseKeys(shown.open)
  }

  async function put(domain: string, keys: readonly DkimKey[], secrets: Secrets): Promise<void> {
    await vault.put('dkim', domain, { open: JSON.stringify(keys), secret: Buffer.from(JSON.stringify(secrets)) })
  }

  return {
    domains: async () => (await vault.list('dkim')).map(({ name }) => name),
    keysOf,

    makeNext: (domain) =>
      inTurn(async () => {
        const opened = await vault.open('dkim', domain)
        const keys = opened === undefined ? [] : parseKeys(opened.open)
        const waiting = keys.filter(({ state }) => state === 'next')
        if (waiting.length > 0) {
          const names = waiting.map(({ selector }) => selector).join(', ')
          throw new Fault(
            `Cannot make new keys for ${domain}: ${names} still wait for their records; publish these, or remove them first`,
            { temporary: false },
          )
        }
        const secrets: Record<string, string> = { ...(opened === undefined ? {} : parseSecrets(opened.secret)) }
        const taken = new Set(keys.map(({ selector }) => selector))
        const made: DkimKey[] = []
        for (const algorithm of ALGORITHMS) {
          const selector = chooseSelector(algorithm, nowMs(), taken)
          const { publicKey, privateKey } = await makeKey(algorithm)
          made.push({ selector, algorithm, state: 'next', publicKey, madeAtMs: nowMs() })
          secrets[selector] = privateKey.toString('base64')
        }
        await put(domain, [...keys, ...made], secrets)
        return made
      }),

    activate: (domain, selectors) =>
      inTurn(async () => {
        const keys = await keysOf(domain)
        const chosen = keys.filter(({ selector, state }) => state === 'next' && selectors.has(selector))
        if (chosen.length === 0) return []
        const replaced = new Set(chosen.map(({ algorithm }) => algorithm))
        const changed = keys.map((key): DkimKey => {
          if (chosen.includes(key)) return { ...key, state: 'active', activeAtMs: nowMs() }
          return key.state === 'active' && replaced.has(key.algorithm)
            ? { ...key, state: 'retired', retiredAtMs: nowMs() }
            : key
        })
        await vault.describe('dkim', domain, JSON.stringify(changed))
        return changed.filter((key, at) => key !== keys[at])
      }),

    remove: (domain, selector) =>
      inTurn(async () => {
        if (selector === undefined) return vault.remove('dkim', domain)
        const keys = await keysOf(domain)
        const left = keys.filter((key) => key.selector !== selector)
        if (left.length === keys.length) return false
        if (left.length === 0) return vault.remove('dkim', domain)
        const opened = await vault.open('dkim', domain)
        const { [selector]: _gone, ...secrets } = opened === undefined ? {} : parseSecrets(opened.secret)
        await put(domain, left, secrets)
        return true
      }),

    async signingKeys(domain) {
      const active = (await keysOf(domain)).filter(({ state }) => state === 'active')
      if (active.length === 0) return []
      const opened = await vault.open('dkim', domain)
      const secrets = opened === undefined ? {} : parseSecrets(opened.secret)
      return active.flatMap(({ selector, algorithm }) => {
        const key = secrets[selector]
        if (key === undefined) return []
        const privateKey = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' })
        return [{ domain, selector, algorithm, privateKey }]
      })
    },
  }
}

function parseKeys(open: string): readonly DkimKey[] {
  return JSON.parse(open) as readonly DkimKey[]
}

function parseSecrets(secret: Uint8Array): Secrets {
  return JSON.parse(Buffer.from(secret).toString()) as Secrets
}
