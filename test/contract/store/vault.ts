import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { SealedSecret } from '#store/contract.ts'
import type { StoreEngine } from './engine.ts'
import { withStore } from './with-store.ts'

function secret(kind: SealedSecret['kind'], name: string, change: Partial<SealedSecret> = {}): SealedSecret {
  return { kind, name, open: `{"name":"${name}"}`, sealed: Buffer.from(`\0\xff${name}`), changedAtMs: 5, ...change }
}

/** Buffers and arrays of bytes are compared by what they hold. */
function plain(secret: SealedSecret | undefined): unknown {
  return secret === undefined ? undefined : { ...secret, sealed: Buffer.from(secret.sealed).toString('hex') }
}

/** What every engine must do with sealed secrets. */
export function vaultContract(engine: StoreEngine): void {
  it('keeps secrets by kind and name, and writes over the one that was there', async () => {
    await withStore(engine, async (under) => {
      const { vault } = under.store
      assert.equal(await vault.get('dkim', 'a'), undefined)
      const secrets = [secret('credentials', 'b'), secret('credentials', 'a'), secret('dkim', 'a')]
      for (const one of secrets) await vault.put(one)
      const newer = secret('credentials', 'a', { open: '{}', sealed: new Uint8Array(0), changedAtMs: 6 })
      await vault.put(newer)
      const again = await under.restart()
      const kept = again.store.vault
      assert.deepEqual((await kept.list('credentials')).map(plain), [newer, secrets[0]].map(plain))
      assert.deepEqual(plain(await kept.get('dkim', 'a')), plain(secrets[2]))
      assert.equal(await kept.remove('credentials', 'a'), true)
      assert.equal(await kept.remove('credentials', 'a'), false)
      assert.equal(await kept.get('credentials', 'a'), undefined)
      assert.deepEqual((await kept.list('dkim')).map(plain), [plain(secrets[2])])
      await again.close()
    })
  })
}
