import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAccess } from './access.ts'
import { settingsOf } from './testing.ts'

const OWN = '198.51.100.5'
const OPEN = 'services: { admin: { listen: ["*"] } }'
const HERE = 'services: { admin: { listen: ["127.0.0.1", "[::1]:8025"] } }'
const OFFICE = 'services: { admin: { listen: ["*"], ipGroup: office } }\nipGroups: { office: ["203.0.113.0/24"] }'
const TUNNEL = 'services: { admin: { ipGroup: office } }\nipGroups: { office: ["203.0.113.0/24"] }'
const PROXIED =
  'services: { admin: { proxyFrom: ["127.0.0.1"], ipGroup: office } }\nipGroups: { office: ["203.0.113.0/24"] }'

const ROWS: readonly [string, before: string, after: string, ip: string | undefined, RegExp | undefined][] = [
  [
    'a group without the administrator',
    OPEN,
    OFFICE,
    '192.0.2.9',
    /ipGroups\.office, which does not hold 192\.0\.2\.9/,
  ],
  ['a group with the administrator', OPEN, OFFICE, '203.0.113.9', undefined],
  ['the administrator as an IPv4-mapped address', OPEN, OFFICE, '::ffff:203.0.113.9', undefined],
  ['an entry taken out', OFFICE, OFFICE.replace('203.0.113.0/24', '203.0.113.1'), '203.0.113.9', /does not hold/],
  ['nobody knows where the administrator is', OPEN, OFFICE, undefined, undefined],
  ['what is no address', OPEN, OFFICE, 'unknown', undefined],
  ['out already', OFFICE, `${OFFICE}\nsession: { maxHops: 7 }`, '192.0.2.9', undefined],
  ['a server that listens nowhere', OPEN, 'services: { admin: { listen: [] } }', '203.0.113.9', /names no place/],
  [
    'a server that listens on loopback',
    OPEN,
    HERE,
    '203.0.113.9',
    /names only this machine itself, and you are at 203/,
  ],
  ['loopback, from here', OPEN, HERE, '127.0.0.1', undefined],
  ['loopback, from an own address', OPEN, HERE, OWN, undefined],
  ['loopback as before', HERE, `${HERE}\nsession: { maxHops: 7 }`, '203.0.113.9', undefined],
  ['a group without the end of the tunnel', HERE, TUNNEL, '203.0.113.9', /does not hold 127\.0\.0\.1/],
  ['a proxy that tells the addresses', HERE, PROXIED, '203.0.113.9', undefined],
  ['a proxy, and a group without the administrator', HERE, PROXIED, '192.0.2.9', /does not hold 192\.0\.2\.9/],
  [
    'a group of this machine',
    OPEN,
    'services: { admin: { listen: ["*"], ipGroup: a } }\nipGroups: { a: [this-machine] }',
    OWN,
    undefined,
  ],
]

for (const [name, before, after, administratorIp, says] of ROWS) {
  test(`access: ${name}`, () => {
    const problems = checkAccess(settingsOf(before), settingsOf(after), {
      administratorIp,
      machineAddresses: ['127.0.0.1', OWN],
    })
    assert.equal(problems.length, says === undefined ? 0 : 1, JSON.stringify(problems))
    if (says === undefined) return
    assert.match(problems[0]?.says ?? '', says)
    assert.match(problems[0]?.says ?? '', /you would be cut off from remote administration\.$/)
  })
}
