import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkSet, parseRange } from './network-set.ts'
import { addressesOfThisMachine } from './this-machine.ts'

test('this machine is its loopback and its interfaces, each an address that a set takes', () => {
  const ranges = addressesOfThisMachine().map((text) => {
    const parsed = parseRange(text)
    assert.ok('range' in parsed, text)
    return parsed.range
  })
  const set = new NetworkSet(ranges)
  assert.ok(set.has('127.0.0.1') && set.has('::1') && !set.has('192.0.2.1'))
})
