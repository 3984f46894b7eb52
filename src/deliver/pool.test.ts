import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import type { Conversation } from './contract.ts'
import { createConversationPool } from './pool.ts'

function conversation(more: Partial<Conversation> = {}): Conversation & { closed: boolean; isOpen: boolean } {
  const made = {
    hop: { host: 'mx.far.example', port: 25 },
    messages: 1,
    isOpen: true,
    closed: false,
    send: async () => [],
    close() {
      made.closed = true
    },
    ...more,
  }
  return made
}

test('a connection goes to whoever asks for the same, once', () => {
  const pool = createConversationPool(new ManualClock())
  const kept = conversation()
  pool.give('a', kept, pool.generation)
  assert.equal(pool.take('b'), undefined)
  assert.equal(pool.take('a'), kept)
  assert.equal(pool.take('a'), undefined)
  assert.equal(kept.closed, false)
})

test('the one that was used last goes first', () => {
  const pool = createConversationPool(new ManualClock())
  const [first, second] = [conversation(), conversation()]
  pool.give('a', first, pool.generation)
  pool.give('a', second, pool.generation)
  assert.equal(pool.take('a'), second)
  assert.equal(pool.take('a'), first)
})

test('what is idle for three seconds is closed', () => {
  const clock = new ManualClock()
  const pool = createConversationPool(clock)
  const [old, young] = [conversation(), conversation()]
  pool.give('a', old, pool.generation)
  clock.advance(2000)
  pool.give('a', young, pool.generation)
  clock.advance(1000)
  assert.deepEqual([old.closed, young.closed], [true, false])
  assert.equal(pool.take('a'), young)
  pool.give('a', young, pool.generation)
  clock.advance(6000)
  assert.equal(young.closed, true)
})

const NOT_KEPT: readonly (readonly [string, Partial<Conversation>])[] = [
  ['that the other side closed', { isOpen: false }],
  ['that has carried 1,000 messages', { messages: 1000 }],
]
for (const [name, state] of NOT_KEPT) {
  test(`a connection ${name} is not kept`, () => {
    const pool = createConversationPool(new ManualClock())
    const done = conversation(state)
    pool.give('a', done, pool.generation)
    assert.equal(done.closed, true)
    assert.equal(pool.take('a'), undefined)
  })
}

test('one that was closed while it was idle is passed over', () => {
  const pool = createConversationPool(new ManualClock())
  const lost = conversation()
  const good = conversation()
  pool.give('a', good, pool.generation)
  pool.give('a', lost, pool.generation)
  lost.isOpen = false
  assert.equal(pool.take('a'), good)
})

test('at most 200 are idle: the one that waits longest is closed', () => {
  const pool = createConversationPool(new ManualClock())
  const all = Array.from({ length: 201 }, () => conversation())
  for (const [index, each] of all.entries()) pool.give(`site ${index}`, each, pool.generation)
  assert.deepEqual(
    all.flatMap(({ closed }, index) => (closed ? [index] : [])),
    [0],
  )
})

test('clear closes all of them', () => {
  const pool = createConversationPool(new ManualClock())
  const all = [conversation(), conversation()]
  pool.give('a', all[0] as Conversation, pool.generation)
  pool.give('b', all[1] as Conversation, pool.generation)
  pool.clear()
  assert.deepEqual(
    all.map(({ closed }) => closed),
    [true, true],
  )
  assert.equal(pool.take('a'), undefined)
})

test('what was in use while the pool was cleared is closed when it comes back', () => {
  const pool = createConversationPool(new ManualClock())
  const since = pool.generation
  const [before, after] = [conversation(), conversation()]
  pool.clear()
  pool.give('a', before, since)
  assert.equal(before.closed, true)
  assert.equal(pool.take('a'), undefined)
  pool.give('a', after, pool.generation)
  assert.equal(pool.take('a'), after)
})
