import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileGroups } from '#settings/ip-groups.ts'
import { compileClients } from './clients.ts'

const groups = compileGroups({ office: [{ address: '192.0.2.0/24', enabled: true }] }, [])
const entries = ['203.0.113.7', '2001:db8::/48', 'this-machine', 'group:office', 'group:gone']
const has = compileClients(entries, groups, ['127.0.0.1', '10.0.0.5'])

for (const [ip, is] of [
  ['203.0.113.7', true],
  ['203.0.113.8', false],
  ['2001:db8:0:9::1', true],
  ['2001:db9::1', false],
  ['10.0.0.5', true],
  ['10.0.0.6', false],
  ['192.0.2.200', true],
] as const) {
  test(`${ip} is ${is ? '' : 'not '}in the list`, () => assert.equal(has(ip), is))
}

test('an empty list holds nobody', () => assert.equal(compileClients([], groups, ['127.0.0.1'])('127.0.0.1'), false))
