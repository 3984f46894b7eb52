import { Fault } from '#base/fault.ts'
import type { Seal } from '#base/seal.ts'
import type { SealedSecret, VaultStore } from '#store/contract.ts'

type Kind = SealedSecret['kind']

const KINDS: readonly Kind[] = ['credentials', 'dkim']

/** What may be told of a secret. */
export interface ShownSecret {
  readonly name: string
  /** JSON. */
  readonly open: string
  readonly changedAtMs: number
}

export interface OpenedSecret extends ShownSecret {
  readonly secret: Uint8Array
}

/** Secrets that must be used again: passwords for relay servers, private keys. Rejects with a Fault that says what to do. */
export interface Vault {
  /** Keep a secret, in place of one of the same name. The first one makes the key file. */
  put(kind: Kind, name: string, value: { readonly open: string; readonly secret: Uint8Array }): Promise<void>
  /** Change what is told of a secret, and leave the secret; false when there is none. */
  describe(kind: Kind, name: string, open: string): Promise<boolean>
  /** Give what may be told of a secret; needs no key. */
  show(kind: Kind, name: string): Promise<ShownSecret | undefined>
  /** Everything of a kind that may be told, by name; needs no key. */
  list(kind: Kind): Promise<readonly ShownSecret[]>
  /** Open a secret for use. */
  open(kind: Kind, name: string): Promise<OpenedSecret | undefined>
  /** False when there was none; needs no key. */
  remove(kind: Kind, name: string): Promise<boolean>
  /** Tell whether the key file is there: without it what still opens, from memory, opens no more after a restart. */
  hasKey(): Promise<boolean>
}

export interface VaultParts {
  readonly store: VaultStore
  readonly seal: Seal
  readonly nowMs: () => number
}

/** Open the vault over a store; the key that seals is read when it is first needed. */
export function openVault({ store, seal, nowMs }: VaultParts): Vault {
  async function ensureKey(kind: Kind, name: string): Promise<void> {
    if (await seal.hasKey()) return
    for (const other of KINDS) {
      const kept = await store.list(other)
      // What is to be replaced anyway needs no key.
      const lost = kept.filter((secret) => other !== kind || secret.name !== name)
      if (lost.length === 0) continue
      // A new key now would hide that the old one is gone, and what it sealed with it.
      const what = lost.map((secret) => `${other} ${JSON.stringify(secret.name)}`)
      const more = what.length > 3 ? `, … (${what.length})` : ''
      throw new Fault(
        `Cannot keep the secret ${kind} ${JSON.stringify(name)}: the key file ${seal.keyFile} is gone, and secrets are sealed with it: ${what.slice(0, 3).join(', ')}${more}; put the file back, or remove them first`,
        { temporary: false },
      )
    }
    await seal.makeKey()
  }

  return {
    async put(kind, name, { open, secret }) {
      await ensureKey(kind, name)
      const sealed = await seal.seal({ kind, name }, secret)
      await store.put({ kind, name, open, sealed, changedAtMs: nowMs() })
    },

    async describe(kind, name, open) {
      const kept = await store.get(kind, name)
      if (kept === undefined) return false
      await store.put({ ...kept, open, changedAtMs: nowMs() })
      return true
    },

    async show(kind, name) {
      const kept = await store.get(kind, name)
      return kept === undefined ? undefined : shown(kept)
    },

    list: async (kind) => (await store.list(kind)).map(shown),

    async open(kind, name) {
      const kept = await store.get(kind, name)
      if (kept === undefined) return undefined
      return { ...shown(kept), secret: await seal.open({ kind, name }, kept.sealed) }
    },

    remove: (kind, name) => store.remove(kind, name),

    hasKey: () => seal.hasKey(),
  }
}

function shown({ name, open, changedAtMs }: SealedSecret): ShownSecret {
  return { name, open, changedAtMs }
}
