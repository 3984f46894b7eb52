import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { releaseLockOf, SharedLock } from './shared-lock.ts'

test('threads that add one under the lock lose no addition', async () => {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const body = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ SharedLock }) => {
      const lock = new SharedLock(workerData.words, 0, workerData.index)
      for (let n = 0; n < 20_000; n += 1) {
        lock.acquire()
        workerData.words[1] += 1
        lock.release()
      }
    })`
  const module = new URL('./shared-lock.ts', import.meta.url).href
  const ended = [0, 1, 2].map(
    (index) =>
      new Promise<void>((resolve, reject) => {
        const worker = new Worker(body, { eval: true, workerData: { module, words, index } })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      }),
  )
  await Promise.all(ended)
  assert.equal(words[1], 60_000)
  assert.equal(words[0], 0)
})

test('a lock that a dead thread held is free again, and no other’s', () => {
  const words = new Int32Array(new SharedArrayBuffer(4))
  new SharedLock(words, 0, 3).acquire()
  releaseLockOf(words, 0, 2)
  assert.equal(words[0], 4)
  releaseLockOf(words, 0, 3)
  assert.equal(words[0], 0)
})

test('a dead holder whose end nobody hears loses the lock in the end', () => {
  const words = new Int32Array(new SharedArrayBuffer(4))
  new SharedLock(words, 0, 3).acquire()
  const lock = new SharedLock(words, 0, 0, 1)
  lock.acquire()
  lock.release()
  assert.equal(words[0], 0)
})
