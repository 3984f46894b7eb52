import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConnectionCounts, shareConnectionCounts } from './connection-counts.ts'

test('the count of a service is the sum over the threads, and a thread that died is forgotten', () => {
  const shared = shareConnectionCounts(2)
  const first = openConnectionCounts(shared, 0)
  const second = openConnectionCounts(shared, 1)
  assert.equal(first.opened('smtp'), 1)
  assert.equal(second.opened('smtp'), 2)
  assert.equal(second.opened('pop3'), 1)
  first.closed('smtp')
  assert.equal(first.total('smtp'), 1)
  second.clear()
  assert.equal(first.total('smtp'), 0)
  assert.equal(first.total('pop3'), 0)
})
