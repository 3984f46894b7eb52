import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { NetworkSet, parseRange } from './network-set.ts'
import { addressesOfThisMachine } from './this-machine.ts'

test('this machine is 127.0.0.1, ::1 and its interfaces, each an address that a set takes, and nothing else', () => {
  const addresses = addressesOfThisMachine()
  const ranges = addresses.map((text) => {
    const parsed = parseRange(text)
    assert.ok('range' in parsed && parsed.range.first === parsed.range.last, `${text} is one address`)
    return parsed.range
  })
  const set = new NetworkSet(ranges)
  for (const ip of ['127.0.0.1', '::1']) assert.ok(set.has(ip), ip)
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address } of entries ?? []) assert.ok(set.has(address), address)
  }
  for (const ip of ['127.0.0.2', '127.255.255.254', '192.0.2.1']) assert.ok(!set.has(ip), ip)
})
