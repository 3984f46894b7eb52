import type { KeyRing } from './key-ring.ts'
import type { SigningKey } from './signature.ts'

/** After so long the vault is asked again: a key that was activated or taken away holds from then on. */
const FRESH_MS = 5_000
const MOST_DOMAINS = 1_000

/** Give the keys that sign for a domain of ours, opened, and kept for a moment. Rejects with a Fault when they cannot be opened. */
export function createSigningKeys(parts: {
  readonly ring: Pick<KeyRing, 'signingKeys'>
  readonly isLocalDomain: (domain: string) => boolean | Promise<boolean>
  readonly monotonicMs: () => number
}): (domain: string) => Promise<readonly SigningKey[]> {
  const kept = new Map<string, { readonly keys: Promise<readonly SigningKey[]>; readonly untilMs: number }>()

  async function load(domain: string): Promise<readonly SigningKey[]> {
    return (await parts.isLocalDomain(domain)) ? parts.ring.signingKeys(domain) : []
  }

  return (domain) => {
    const nowMs = parts.monotonicMs()
    const before = kept.get(domain)
    if (before !== undefined && nowMs < before.untilMs) return before.keys
    const keys = load(domain)
    kept.delete(domain)
    kept.set(domain, { keys, untilMs: nowMs + FRESH_MS })
    if (kept.size > MOST_DOMAINS) kept.delete(kept.keys().next().value as string)
    return keys
  }
}
