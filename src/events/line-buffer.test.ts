import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { createLineBuffer } from './line-buffer.ts'

function open() {
  const batches: string[] = []
  const clock = new ManualClock()
  const buffer = createLineBuffer({
    post: (batch) => batches.push(batch),
    clock,
    dropped: (lines) => buffer.write(`${lines} dropped\n`),
  })
  return { batches, clock, buffer }
}

test('lines go out together after a moment', () => {
  const { batches, clock, buffer } = open()
  buffer.write('one\n')
  buffer.write('two\n')
  assert.deepEqual(batches, [])
  clock.advance(50)
  assert.deepEqual(batches, ['one\ntwo\n'])
})

test('one batch is under way at a time', () => {
  const { batches, clock, buffer } = open()
  buffer.write('one\n')
  clock.advance(50)
  buffer.write('two\n')
  clock.advance(5000)
  assert.equal(batches.length, 1)
  buffer.taken()
  clock.advance(50)
  assert.deepEqual(batches, ['one\n', 'two\n'])
})

test('a full batch does not wait', () => {
  const { batches, buffer } = open()
  buffer.write(`${'x'.repeat(40_000)}\n`)
  assert.equal(batches.length, 1)
})

test('a busy main thread costs a bounded amount: the rest is dropped and counted', () => {
  const { batches, clock, buffer } = open()
  buffer.write('first\n')
  clock.advance(50)
  const line = `${'x'.repeat(1023)}\n`
  for (let n = 0; n < 5000; n++) buffer.write(line)
  buffer.taken()
  assert.equal(batches.length, 2)
  assert.equal(batches[1]?.length, 1024 * 1024 + '3976 dropped\n'.length)
  assert.ok(batches[1]?.endsWith('3976 dropped\n'))
})

test('the last word of a thread goes out whether or not the batch before was taken', () => {
  const { batches, clock, buffer } = open()
  buffer.write('one\n')
  clock.advance(50)
  buffer.write('two\n')
  buffer.flush()
  assert.deepEqual(batches, ['one\n', 'two\n'])
})
