import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullName } from './machine-name.ts'

const ROWS = [
  ['a full name stays', 'mail.example.com', '', 'mail.example.com'],
  [
    'the hosts file knows the domain',
    'mail',
    '127.0.0.1 localhost\n192.0.2.1 mail.example.com mail # ours',
    'mail.example.com',
  ],
  ['names of others do not count', 'mail', '192.0.2.1 www.example.com www', 'mail'],
  ['localhost.localdomain is nobody', 'mail', '127.0.0.1 localhost.localdomain localhost mail', 'mail'],
] as const

for (const [name, machine, hosts, wanted] of ROWS) {
  test(name, () => assert.equal(fullName(machine, hosts), wanted))
}
