/** For tests: a vault over memory, with a key file of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { createSeal, type Seal } from '#base/seal.ts'
import type { SealedSecret, VaultStore } from '#store/contract.ts'
import { openVault, type Vault } from './vault.ts'

/** Create a store of sealed secrets in memory. */
export function memoryVaultStore(): VaultStore & { readonly kept: Map<string, SealedSecret> } {
  const kept = new Map<string, SealedSecret>()
  return {
    kept,
    get: (kind, name) => kept.get(`${kind} ${name}`),
    list: (kind) =>
      [...kept.values()].filter((secret) => secret.kind === kind).sort((a, b) => (a.name < b.name ? -1 : 1)),
    async put(secret) {
      kept.set(`${secret.kind} ${secret.name}`, secret)
    },
    remove: async (kind, name) => kept.delete(`${kind} ${name}`),
  }
}

export interface TestVault {
  readonly vault: Vault
  readonly store: ReturnType<typeof memoryVaultStore>
  readonly seal: Seal
  readonly clock: ManualClock
  readonly keyFile: string
}

/** Open a vault that goes with its test. */
export async function openTestVault(t: Pick<TestContext, 'after'>): Promise<TestVault> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-vault-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const keyFile = join(dir, 'secrets.key')
  const [store, seal, clock] = [memoryVaultStore(), createSeal(keyFile), new ManualClock()]
  return { vault: openVault({ store, seal, nowMs: () => clock.nowMs() }), store, seal, clock, keyFile }
}
