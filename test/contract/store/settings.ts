import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { StoreEngine } from './engine.ts'
import { withStore } from './with-store.ts'

/** What every engine must do with settings versions. */
export function settingsContract(engine: StoreEngine): void {
  const version = {
    atMs: 1_767_225_600_000,
    author: 'postern (root)',
    comment: 'first',
    changed: 'relay: { smtpAuth: false }\n',
  }

  it('starts with no version, and numbers them from 1', async () => {
    await withStore(engine, async ({ store }) => {
      assert.equal(await store.settings.latest(), undefined)
      assert.equal(await store.settings.get(1), undefined)
      assert.deepEqual(await store.settings.history(10), [])
      assert.equal(await store.settings.add(version, 0), 1)
      assert.equal(await store.settings.add({ ...version, comment: 'second' }, 1), 2)
      assert.deepEqual({ ...(await store.settings.latest()) }, { ...version, comment: 'second', version: 2 })
      assert.deepEqual({ ...(await store.settings.get(1)) }, { ...version, version: 1 })
      const history = await store.settings.history(10)
      assert.deepEqual(
        history.map((one) => [one.version, one.comment, 'changed' in one]),
        [
          [2, 'second', false],
          [1, 'first', false],
        ],
      )
      assert.equal((await store.settings.history(1)).length, 1)
    })
  })

  it('lets one of two changes to the same version win, and says to the other why', async () => {
    await withStore(engine, async (under) => {
      const other = await under.another()
      const outcomes = await Promise.allSettled([under.store.settings.add(version, 0), other.settings.add(version, 0)])
      assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
      const rejected = outcomes.find((outcome) => outcome.status === 'rejected')
      assert.ok(rejected?.reason instanceof Fault)
      assert.match(rejected.reason.message, /based on version 0, but version 1/)
      await other.close()
    })
  })
}
