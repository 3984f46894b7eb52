import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TlsaRecord } from '../contract.ts'
import { type DaneFinding, type StsFinding, type TlsFacts, tlsRequirement } from './requirement.ts'

const RECORD: TlsaRecord = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) }
const DANE: DaneFinding = { is: 'records', records: [RECORD], names: ['mx.example', 'a.example'] }
const NO_DANE: DaneFinding = { is: 'none', because: '' }
const NO_STS: StsFinding = { is: 'none', because: '' }
const ENFORCE: StsFinding = { is: 'policy', mode: 'enforce', namesHost: true }
const TESTING: StsFinding = { is: 'policy', mode: 'testing', namesHost: true }

const FACTS: TlsFacts = {
  domain: 'a.example',
  host: 'mx.example',
  via: 'mx',
  mode: 'opportunistic',
  requireTls: false,
  tlsOptional: false,
  secureMx: false,
  dane: NO_DANE,
  sts: NO_STS,
}

/** `mode by` and what else there is, or the trouble. */
function decided(facts: Partial<TlsFacts>): string {
  const answer = tlsRequirement({ ...FACTS, ...facts })
  if ('is' in answer) return `${answer.is} ${answer.status} ${answer.scope}`
  const { mode, by, names, tlsa, testing } = answer
  const named = mode === 'verified' ? ` ${names.join(',')}` : ''
  return `${mode} ${by}${named}${tlsa === undefined ? '' : ' tlsa'}${testing === true ? ' testing' : ''}`
}

const ROWS: readonly (readonly [string, Partial<TlsFacts>, string])[] = [
  // Settings alone
  ['nothing published', {}, 'opportunistic settings'],
  ['settings: none', { mode: 'none' }, 'none settings'],
  ['settings: required', { mode: 'required' }, 'required settings'],
  ['settings: verified, for the host or its domain', { mode: 'verified' }, 'verified settings mx.example,a.example'],
  [
    'settings: verified, a relay server',
    { mode: 'verified', via: 'relay', host: 'relay.example' },
    'verified settings relay.example',
  ],
  // RFC 8461 §5
  ['MTA-STS enforce', { sts: ENFORCE }, 'verified mta-sts mx.example'],
  ['MTA-STS enforce goes beyond none', { sts: ENFORCE, mode: 'none' }, 'verified mta-sts mx.example'],
  ['MTA-STS enforce, another host (§4.1)', { sts: { ...ENFORCE, namesHost: false } }, 'deferred 4.7.0 server'],
  ['MTA-STS testing', { sts: TESTING }, 'verified mta-sts mx.example testing'],
  ['MTA-STS testing, another host', { sts: { ...TESTING, namesHost: false } }, 'opportunistic settings'],
  ['MTA-STS testing weakens nothing', { sts: TESTING, mode: 'required' }, 'required settings'],
  [
    'MTA-STS testing weakens nothing that is verified',
    { sts: TESTING, mode: 'verified' },
    'verified settings mx.example,a.example',
  ],
  // RFC 7672
  ['DANE', { dane: DANE }, 'verified dane mx.example,a.example tlsa'],
  ['DANE goes before MTA-STS (RFC 8461 §2)', { dane: DANE, sts: ENFORCE }, 'verified dane mx.example,a.example tlsa'],
  ['DANE goes beyond none', { dane: DANE, mode: 'none' }, 'verified dane mx.example,a.example tlsa'],
  ['records that cannot be used: encrypted (§2.2)', { dane: { is: 'unusable' } }, 'required dane'],
  [
    'records that cannot be used, settings verified',
    { dane: { is: 'unusable' }, mode: 'verified' },
    'verified settings mx.example,a.example',
  ],
  [
    'records that cannot be used, MTA-STS enforce',
    { dane: { is: 'unusable' }, sts: ENFORCE },
    'verified mta-sts mx.example',
  ],
  ['records withheld (§2.1.1)', { dane: { is: 'unknown', because: '' } }, 'deferred 4.4.3 server'],
  [
    'records withheld are not made up for by MTA-STS',
    { dane: { is: 'unknown', because: '' }, sts: ENFORCE },
    'deferred 4.4.3 server',
  ],
  // RFC 8689 §4.2.1
  ['REQUIRETLS under DANE', { requireTls: true, dane: DANE }, 'verified dane mx.example,a.example tlsa'],
  ['REQUIRETLS under MTA-STS', { requireTls: true, sts: ENFORCE }, 'verified mta-sts mx.example'],
  ['REQUIRETLS under DNSSEC', { requireTls: true, secureMx: true }, 'verified requiretls mx.example'],
  ['REQUIRETLS under nothing', { requireTls: true }, 'failed 5.7.30 message'],
  ['REQUIRETLS, a policy that is only tested', { requireTls: true, sts: TESTING }, 'failed 5.7.30 message'],
  [
    'REQUIRETLS, records that cannot be used, DNSSEC',
    { requireTls: true, secureMx: true, dane: { is: 'unusable' } },
    'verified requiretls mx.example',
  ],
  [
    'REQUIRETLS to a relay server',
    { requireTls: true, via: 'relay', host: 'relay.example' },
    'verified requiretls relay.example',
  ],
  // RFC 8689 §5
  ['TLS-Required: No under DANE', { tlsOptional: true, dane: DANE }, 'opportunistic settings'],
  [
    'TLS-Required: No, records withheld',
    { tlsOptional: true, dane: { is: 'unknown', because: '' } },
    'opportunistic settings',
  ],
  [
    'TLS-Required: No, records that cannot be used',
    { tlsOptional: true, dane: { is: 'unusable' } },
    'opportunistic settings',
  ],
  ['TLS-Required: No under MTA-STS', { tlsOptional: true, sts: ENFORCE }, 'opportunistic settings'],
  [
    'TLS-Required: No, a host that MTA-STS does not name',
    { tlsOptional: true, sts: { ...ENFORCE, namesHost: false } },
    'opportunistic settings',
  ],
  ['TLS-Required: No, settings required', { tlsOptional: true, sts: ENFORCE, mode: 'required' }, 'required settings'],
  [
    'TLS-Required: No, settings verified',
    { tlsOptional: true, dane: DANE, mode: 'verified' },
    'verified settings mx.example,a.example',
  ],
  [
    'REQUIRETLS goes before TLS-Required: No',
    { tlsOptional: true, requireTls: true, dane: DANE },
    'verified dane mx.example,a.example tlsa',
  ],
  ['REQUIRETLS into mailboxes by LMTP', { requireTls: true, via: 'lmtp', mode: 'none' }, 'none settings'],
]

for (const [what, facts, wanted] of ROWS) {
  test(what, () => assert.equal(decided(facts), wanted))
}

test('nothing that is published ever asks for less than the settings do', () => {
  const strength = { none: 0, opportunistic: 1, required: 2, verified: 3 }
  const facts = fc.record({
    mode: fc.constantFrom('none', 'opportunistic', 'required', 'verified'),
    via: fc.constantFrom('mx', 'relay', 'lmtp'),
    requireTls: fc.boolean(),
    tlsOptional: fc.boolean(),
    secureMx: fc.constantFrom(true, false, 'no answer'),
    dane: fc.constantFrom<DaneFinding>(DANE, NO_DANE, { is: 'unusable' }, { is: 'unknown', because: '' }),
    sts: fc.constantFrom<StsFinding>(ENFORCE, TESTING, NO_STS, { ...ENFORCE, namesHost: false }),
  })
  fc.assert(
    fc.property(facts, (given) => {
      const answer = tlsRequirement({ ...FACTS, ...given } as TlsFacts)
      if ('is' in answer) return
      assert.ok(strength[answer.mode] >= strength[given.mode as keyof typeof strength])
      // What may be given up where it fails is never what the settings insist on.
      if (answer.testing === true) assert.ok(strength[given.mode as keyof typeof strength] < strength.required)
      if (given.requireTls && given.via !== 'lmtp') assert.ok(answer.mode === 'verified' && answer.testing !== true)
      if (answer.mode === 'verified') assert.ok(answer.names.length > 0)
    }),
    { numRuns: 300 },
  )
})
