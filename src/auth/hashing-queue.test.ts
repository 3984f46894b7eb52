import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHashingQueue } from './hashing-queue.ts'

test('so many run, so many wait, the rest are turned away', async () => {
  const queue = createHashingQueue({ running: 2, waiting: 1 })
  const order: string[] = []
  const gates = new Map<string, () => void>()
  const start = (name: string) =>
    queue.run(async () => {
      order.push(`start ${name}`)
      await new Promise<void>((resolve) => gates.set(name, resolve))
      order.push(`end ${name}`)
      return name
    })
  const a = start('a')
  const b = start('b')
  const c = start('c')
  assert.equal(start('d'), undefined)
  assert.deepEqual(order, ['start a', 'start b'])
  gates.get('a')?.()
  assert.equal(await a, 'a')
  await Promise.resolve()
  assert.deepEqual(order, ['start a', 'start b', 'end a', 'start c'])
  const e = start('e')
  assert.notEqual(e, undefined)
  for (const name of ['b', 'c']) gates.get(name)?.()
  assert.deepEqual(await Promise.all([b, c]), ['b', 'c'])
  gates.get('e')?.()
  assert.equal(await e, 'e')
})

test('work that fails gives its place back', async () => {
  const queue = createHashingQueue({ running: 1, waiting: 0 })
  await assert.rejects(async () => queue.run(() => Promise.reject(new Error('no memory'))), /no memory/)
  assert.equal(await queue.run(async () => 'next'), 'next')
})
