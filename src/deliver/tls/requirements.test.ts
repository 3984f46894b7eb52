import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import type { Settings } from '#settings/schema.ts'
import { type DnsTable, scriptDns } from '../dns-testing.ts'
import type { Route } from '../route.ts'
import { configuredMode } from './configured-mode.ts'
import { createTlsRequirements } from './requirements.ts'
import type { StsPolicy } from './sts-policy.ts'

const KEY = 'ab'.repeat(32)
const RECORD = `!3 1 1 ${KEY}`
/** A domain that DNSSEC stands behind, with one server and its record. */
const SIGNED: DnsTable = {
  'a.example MX': '!10 mx.example',
  'mx.example A': '!192.0.2.1',
  '_25._tcp.mx.example TLSA': RECORD,
}
const ENFORCED: StsPolicy = { mode: 'enforce', mx: ['mx.example'], maxAgeS: 60 }
const OTHERS: StsPolicy = { ...ENFORCED, mx: ['mx2.example'] }
const BY_MX: Route = { via: 'mx' }
const BY_RELAY: Route = { via: 'relay', rule: 1, host: 'mx.example', port: 25, implicitTls: false }
const BY_LMTP: Route = { ...BY_RELAY, via: 'lmtp' }

interface Given {
  readonly table?: DnsTable
  readonly sts?: StsPolicy
  readonly delivery?: Partial<Settings['delivery']>
  readonly route?: Route
  readonly host?: string
  readonly domain?: string
  readonly port?: number
  readonly requireTls?: true
  readonly tlsOptional?: true
}

/** `mode by names`, or the trouble; and what DNS was asked. */
async function decided(given: Given): Promise<{ readonly is: string; readonly asked: readonly string[] }> {
  const asked: string[] = []
  const { table = {}, sts, delivery, route = BY_MX, host = 'mx.example', domain = 'a.example', port = 25 } = given
  const requirements = createTlsRequirements({
    settings: () => ({
      delivery: {
        tls: 'opportunistic',
        tlsDomains: [],
        mtaSts: true,
        dane: true,
        ...delivery,
      } as unknown as Settings['delivery'],
    }),
    dns: scriptDns(table, asked),
    stsPolicy: async () => sts ?? { none: 'no record' },
  })
  const { requireTls, tlsOptional } = given
  const answer = await requirements.requirementFor(
    { domain, route },
    { host, ip: '192.0.2.1', port },
    { ...(requireTls && { requireTls }), ...(tlsOptional && { tlsOptional }) },
  )
  const is =
    'is' in answer
      ? `${answer.is} ${answer.status} ${answer.scope}`
      : `${answer.mode} ${answer.by}${answer.tlsa === undefined ? '' : ` ${answer.names.join(',')}`}`
  return { is, asked }
}

const DANE = 'verified dane mx.example,a.example'

const ROWS: readonly (readonly [string, Given, string])[] = [
  // RFC 7672 §2.2.1: MX
  ['all is signed', { table: SIGNED }, DANE],
  [
    'the MX records are not signed',
    { table: { ...SIGNED, 'a.example MX': '10 mx.example' } },
    'opportunistic settings',
  ],
  ['the MX records are withheld', { table: { ...SIGNED, 'a.example MX': 'unknown' } }, 'deferred 4.4.3 server'],
  [
    'the signed MX records name another host',
    { table: { ...SIGNED, 'a.example MX': '!10 mx2.example' } },
    'deferred 4.4.3 server',
  ],
  [
    'implicit MX, signed',
    {
      table: { 'a.example MX': '!', 'a.example A': '!192.0.2.1', '_25._tcp.a.example TLSA': RECORD },
      host: 'a.example',
    },
    'verified dane a.example',
  ],
  [
    'implicit MX, its lack not signed',
    { table: { 'a.example A': '!192.0.2.1', '_25._tcp.a.example TLSA': RECORD }, host: 'a.example' },
    'opportunistic settings',
  ],
  // RFC 7672 §2.2.2: addresses and TLSA
  ['the address is not signed', { table: { ...SIGNED, 'mx.example A': '192.0.2.1' } }, 'opportunistic settings'],
  ['the address is withheld', { table: { ...SIGNED, 'mx.example A': 'unknown' } }, 'deferred 4.4.3 server'],
  ['no TLSA records', { table: { ...SIGNED, '_25._tcp.mx.example TLSA': '!' } }, 'opportunistic settings'],
  [
    'the TLSA records are not signed',
    { table: { ...SIGNED, '_25._tcp.mx.example TLSA': `3 1 1 ${KEY}` } },
    'opportunistic settings',
  ],
  [
    'the TLSA records are withheld (§2.1.1)',
    { table: { ...SIGNED, '_25._tcp.mx.example TLSA': 'unknown' } },
    'deferred 4.4.3 server',
  ],
  ['TLSA records of no use', { table: { ...SIGNED, '_25._tcp.mx.example TLSA': `!1 1 1 ${KEY}` } }, 'required dane'],
  ['TLSA records of another port', { table: SIGNED, port: 2525 }, 'opportunistic settings'],
  [
    'an alias: the records of the name behind it',
    { table: { ...SIGNED, 'mx.example A': '!real.example=192.0.2.1', '_25._tcp.real.example TLSA': RECORD } },
    'verified dane real.example,mx.example,a.example',
  ],
  ['an alias: else those of its own name', { table: { ...SIGNED, 'mx.example A': '!real.example=192.0.2.1' } }, DANE],
  ['DANE is off', { table: SIGNED, delivery: { dane: false } }, 'opportunistic settings'],
  [
    'DANE for a relay server, whose name the administrator gave',
    { table: { ...SIGNED, 'a.example MX': '' }, route: BY_RELAY },
    DANE,
  ],
  [
    'an address instead of a name',
    { table: SIGNED, host: '192.0.2.1', domain: '[192.0.2.1]' },
    'opportunistic settings',
  ],
  // RFC 8461
  ['MTA-STS', { sts: ENFORCED }, 'verified mta-sts'],
  ['MTA-STS, another host', { sts: OTHERS }, 'deferred 4.7.0 server'],
  ['MTA-STS is not asked where DANE speaks (§2)', { table: SIGNED, sts: OTHERS }, DANE],
  ['MTA-STS is off', { sts: OTHERS, delivery: { mtaSts: false } }, 'opportunistic settings'],
  ['MTA-STS mode none', { sts: { ...OTHERS, mode: 'none' } }, 'opportunistic settings'],
  ['MTA-STS is for MX alone', { sts: OTHERS, route: BY_RELAY }, 'opportunistic settings'],
  // RFC 8689
  [
    'REQUIRETLS, DNSSEC but no DANE',
    { table: SIGNED, delivery: { dane: false }, requireTls: true },
    'verified requiretls',
  ],
  ['REQUIRETLS, nothing', { requireTls: true }, 'failed 5.7.30 message'],
  [
    'REQUIRETLS, the MX records withheld',
    { table: { 'a.example MX': 'unknown' }, delivery: { dane: false }, requireTls: true },
    'deferred 4.4.3 server',
  ],
  ['TLS-Required: No', { table: SIGNED, sts: OTHERS, tlsOptional: true }, 'opportunistic settings'],
  ['TLS-Required: No, REQUIRETLS', { table: SIGNED, tlsOptional: true, requireTls: true }, DANE],
  [
    'LMTP: what the settings say',
    { table: SIGNED, sts: OTHERS, route: BY_LMTP, requireTls: true },
    'opportunistic settings',
  ],
]

for (const [what, given, wanted] of ROWS) {
  test(what, async () => assert.equal((await decided(given)).is, wanted))
}

test('what is not heeded is not asked for (RFC 8689 §5)', async () => {
  const { asked } = await decided({ table: SIGNED, sts: OTHERS, tlsOptional: true })
  assert.deepEqual(asked, [])
})

test('a zone without DNSSEC is not asked for TLSA records (RFC 7672 §2.2.2)', async () => {
  const { asked } = await decided({ table: { ...SIGNED, 'mx.example A': '192.0.2.1' } })
  assert.deepEqual(asked, ['a.example MX', 'mx.example A'])
})

test('DNS is asked nothing where DANE is off', async () => {
  assert.deepEqual((await decided({ table: SIGNED, delivery: { dane: false } })).asked, [])
})

test('the store cannot be read: mail waits', async () => {
  const requirements = createTlsRequirements({
    settings: () => ({
      delivery: { tls: 'none', tlsDomains: [], mtaSts: true, dane: false } as unknown as Settings['delivery'],
    }),
    dns: scriptDns({}),
    stsPolicy: () => Promise.reject(new Fault('no disk', { temporary: true })),
  })
  const server = { host: 'mx.example', ip: '192.0.2.1', port: 25 }
  const answer = await requirements.requirementFor({ domain: 'a.example', route: BY_MX }, server, {})
  assert.equal('is' in answer && answer.status, '4.3.0')
})

const MODES: readonly (readonly [string, Partial<Settings['delivery']>, Route, string])[] = [
  ['the usual one', { tls: 'required' }, BY_MX, 'required'],
  ['of the domain', { tlsDomains: [{ domain: '*.example', mode: 'verified' }] }, BY_MX, 'verified'],
  [
    'of the first that matches',
    {
      tlsDomains: [
        { domain: 'A.*', mode: 'none' },
        { domain: '*', mode: 'verified' },
      ],
    },
    BY_MX,
    'none',
  ],
  [
    'of the rule, before the domain',
    { tlsDomains: [{ domain: '*', mode: 'none' }] },
    { via: 'mx', rule: 1, tls: 'required' },
    'required',
  ],
  ['of the rule, for a relay server', {}, { ...BY_RELAY, tls: 'none' }, 'none'],
  [
    'of the domain where it is stricter than a relay server',
    { tlsDomains: [{ domain: 'a.example', mode: 'verified' }] },
    { ...BY_RELAY, tls: 'none' },
    'verified',
  ],
  [
    'not of the domain where it is laxer',
    { tls: 'required', tlsDomains: [{ domain: 'a.example', mode: 'none' }] },
    BY_RELAY,
    'required',
  ],
]

for (const [what, delivery, route, wanted] of MODES) {
  test(`the mode ${what}`, () => {
    assert.equal(configuredMode({ tls: 'opportunistic', tlsDomains: [], ...delivery }, route, 'a.example'), wanted)
  })
}
