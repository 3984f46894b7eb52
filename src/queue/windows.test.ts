import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { troubleOf } from './testing.ts'
import { AdaptiveWindow, isServerTrouble } from './windows.ts'

const trouble = troubleOf({ scope: 'server', stage: 'connect' })
const MINUTE = 60_000

test('a window starts at five, grows slowly to the most, and halves', () => {
  const window = new AdaptiveWindow()
  assert.equal(window.limit(20, 0), 5)
  for (let one = 0; one < 5; one++) window.succeeded(20)
  assert.equal(window.limit(20, 0), 5)
  for (let one = 0; one < 3; one++) window.succeeded(20)
  assert.equal(window.limit(20, 0), 6)
  for (let one = 0; one < 500; one++) window.succeeded(20)
  assert.equal(window.limit(20, 0), 20)
  window.troubled(trouble, 0)
  assert.equal(window.limit(20, 0), 10)
  // A setting that was lowered holds at once.
  assert.equal(window.limit(3, 0), 3)
})

test('down after three troubles in a row; then one goes ahead, and the waits double to a quarter of an hour', () => {
  const window = new AdaptiveWindow()
  let nowMs = 0
  const troubled = () => window.troubled(trouble, nowMs)
  assert.deepEqual([troubled(), troubled(), troubled()], [false, false, true])
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    assert.equal(window.limit(20, nowMs), 0)
    assert.equal(window.downBecause(nowMs), trouble)
    // What was under way when it went down changes nothing.
    assert.equal(troubled(), false)
    nowMs += minutes * MINUTE
    assert.equal(window.downBecause(nowMs - 1), trouble)
    assert.equal(window.downBecause(nowMs), undefined)
    assert.equal(window.limit(20, nowMs), 1)
    assert.equal(troubled(), true)
  }
  nowMs += 15 * MINUTE
  assert.equal(window.succeeded(20), true)
  assert.equal(window.succeeded(20), false)
  assert.deepEqual([troubled(), troubled()], [false, false])
})

test('a success in between keeps it up', () => {
  const window = new AdaptiveWindow()
  for (let one = 0; one < 20; one++) {
    assert.equal(window.troubled(trouble, 0), false)
    assert.equal(window.troubled(trouble, 0), false)
    window.succeeded(20)
  }
})

test('an administrator may have it tried at once', () => {
  const window = new AdaptiveWindow()
  for (let one = 0; one < 3; one++) window.troubled(trouble, 0)
  window.tryNow()
  assert.equal(window.limit(20, 0), 1)
})

test('whatever happens, the limit is between one and the most, or nothing while it is down', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (successes, most) => {
      const window = new AdaptiveWindow()
      for (const [at, success] of successes.entries()) {
        if (success) window.succeeded(most)
        else window.troubled(trouble, at * 10_000)
        const limit = window.limit(most, at * 10_000)
        assert.ok(limit <= most)
        assert.equal(limit === 0, window.downBecause(at * 10_000) !== undefined)
      }
    }),
    { numRuns: 200 },
  )
})

test('what is trouble with a server', () => {
  const rows = [
    ['no connection', trouble, true],
    ['421 in a transaction', troubleOf({ scope: 'message', reply: { code: 421, text: 'bye' } }), true],
    ['a recipient put off', troubleOf({ reply: { code: 450, text: 'later' } }), false],
    ['a message put off', troubleOf({ scope: 'message', reply: { code: 451, text: 'later' } }), false],
    ['DNS of the domain', troubleOf({ scope: 'domain', stage: 'dns' }), false],
  ] as const
  for (const [name, of, is] of rows) assert.equal(isServerTrouble(of), is, name)
})
