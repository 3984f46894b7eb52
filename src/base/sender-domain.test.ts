import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dns } from './dns.ts'
import { senderDomain } from './sender-domain.ts'

type Mx = Awaited<ReturnType<Dns['mx']>>
type Addresses = Awaited<ReturnType<Dns['addresses']>>

const NONE = { is: 'none', why: 'NXDOMAIN' } as const
const NO_DATA = { is: 'none', why: 'no data' } as const
const UNKNOWN = { is: 'unknown', because: 'no answer' } as const
const MX: Mx = { is: 'found', exchanges: [{ host: 'mx.example', preference: 10 }] }
const NULL_MX: Mx = { is: 'found', exchanges: [{ host: '', preference: 0 }] }
const ADDRESS: Addresses = { is: 'found', addresses: ['192.0.2.1'] }

const CASES: readonly (readonly [string, Mx, Addresses, object])[] = [
  ['an MX record is enough', MX, NONE, { is: 'found', what: 'MX mx.example' }],
  ['an MX record is enough while its address is unknown', MX, UNKNOWN, { is: 'found', what: 'MX mx.example' }],
  ['an address stands in for MX', NO_DATA, ADDRESS, { is: 'found', what: 'no MX, address 192.0.2.1' }],
  ['an address is enough while MX is unknown', UNKNOWN, ADDRESS, { is: 'found', what: 'no MX, address 192.0.2.1' }],
  [
    'an address is enough where MX is denied by mistake',
    NONE,
    ADDRESS,
    { is: 'found', what: 'no MX, address 192.0.2.1' },
  ],
  [
    'a null MX takes no mail, whatever the address',
    NULL_MX,
    ADDRESS,
    { is: 'none', why: 'it takes no mail (null MX)' },
  ],
  ['no such name', NONE, NONE, NONE],
  ['a name without either', NO_DATA, NO_DATA, { is: 'none', why: 'neither MX, A nor AAAA' }],
  ['MX unknown, no address', UNKNOWN, NO_DATA, UNKNOWN],
  ['no MX, address unknown', NO_DATA, UNKNOWN, UNKNOWN],
]

for (const [name, mx, addresses, expected] of CASES) {
  test(name, async () => {
    const dns = { mx: async () => mx, addresses: async () => addresses }
    assert.deepEqual(await senderDomain(dns, 'a.example'), expected)
  })
}

test('an address literal names no domain, and nothing is asked', async () => {
  const never = async (): Promise<never> => assert.fail('asked')
  const answer = await senderDomain({ mx: never, addresses: never }, '[192.0.2.1]')
  assert.equal(answer.is, 'found')
})

test('many hosts are told in few words', async () => {
  const exchanges = Array.from({ length: 50 }, (_, index) => ({ host: `mx${index}.example`, preference: index }))
  const dns = { mx: async (): Promise<Mx> => ({ is: 'found', exchanges }), addresses: async () => NONE }
  const answer = await senderDomain(dns, 'a.example')
  assert.deepEqual(answer, { is: 'found', what: 'MX mx0.example, mx1.example, mx2.example and 47 more' })
})
