import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TlsaRecord, TlsRequirement } from '../contract.ts'
import { checkCertificate, examineCertificate } from './certificate.ts'
import { matchDane, usableTlsa } from './dane-match.ts'
import { publicKeyInfo } from './public-key-info.ts'
import { makePair, type TestPair, tlsaFor, withConnection } from './testing.ts'

const PAST = new Date(Date.now() - 86_400_000)
const root = await makePair('Root', { ca: true })
const middle = await makePair('Middle', { ca: true, by: root })
const good = await makePair('mx.example', { names: ['mx.example', '*.wild.example'], by: middle })
const other = await makePair('other.example', { names: ['other.example'], by: middle })
const expired = await makePair('mx.example', { names: ['mx.example'], by: middle, until: PAST })
const alone = await makePair('mx.example', { names: ['mx.example'] })
const nameless = await makePair('mx.example', { by: middle })
/** Signed by a certificate that may sign nothing. */
const usurped = await makePair('usurped', { names: ['mx.example'], by: good })
const stranger = await makePair('Stranger', { ca: true })

const WEB: TlsRequirement = { mode: 'verified', by: 'mta-sts', names: ['mx.example'] }

const WEB_ROWS: readonly (readonly [
  string,
  readonly [TestPair, ...TestPair[]],
  Partial<TlsRequirement>,
  string | undefined,
])[] = [
  ['the right name under a trusted authority', [good, middle], {}, undefined],
  ['a name that a wildcard names', [good, middle], { names: ['a.wild.example'] }, undefined],
  [
    'a name that a wildcard does not reach',
    [good, middle],
    { names: ['a.b.wild.example'] },
    'certificate-host-mismatch',
  ],
  ['one of two names', [good, middle], { names: ['no.example', 'mx.example'] }, undefined],
  ['no name to check is no success', [good, middle], { names: [] }, 'certificate-host-mismatch'],
  ['another name', [other, middle], {}, 'certificate-host-mismatch'],
  ['expired', [expired, middle], {}, 'certificate-expired'],
  ['signed by itself', [alone], {}, 'certificate-not-trusted'],
  ['the intermediate is not shown', [good], {}, 'certificate-not-trusted'],
  ['signed by what is no authority', [usurped, good, middle], {}, 'validation-failure'],
  ['names in the subject alone (RFC 8461 §4.2)', [nameless, middle], {}, 'certificate-host-mismatch'],
  ['names in the subject alone, the settings ask', [nameless, middle], { by: 'settings' }, undefined],
  ['nothing to verify', [alone], { mode: 'required' }, undefined],
]

for (const [what, chain, requirement, wanted] of WEB_ROWS) {
  test(`PKIX: ${what}`, async () => {
    const fault = await withConnection(chain, { ca: [root.cert] }, (socket) =>
      examineCertificate({ ...WEB, ...requirement }, socket),
    )
    assert.equal(fault?.result, wanted, fault?.because ?? 'no fault')
  })
}

test('a name is held against the requirement, not against what was said for SNI', async () => {
  const fault = await withConnection([other, middle], { ca: [root.cert], servername: 'other.example' }, (socket) =>
    checkCertificate(WEB, socket),
  )
  assert.equal(fault, 'its certificate is for DNS:other.example, expected mx.example')
})

test('an authority that is not trusted', async () => {
  const fault = await withConnection([good, middle, root], { ca: [stranger.cert] }, (socket) =>
    examineCertificate(WEB, socket),
  )
  assert.equal(fault?.result, 'certificate-not-trusted')
})

const DANE_ROWS: readonly (readonly [
  string,
  readonly [TestPair, ...TestPair[]],
  readonly TlsaRecord[],
  string | undefined,
])[] = [
  // RFC 7672 §3.1.1: DANE-EE
  ['3 0 0', [alone], [tlsaFor(alone, 3, 0, 0)], undefined],
  ['3 0 1', [alone], [tlsaFor(alone, 3, 0, 1)], undefined],
  ['3 1 1', [alone], [tlsaFor(alone, 3, 1, 1)], undefined],
  ['3 1 2', [alone], [tlsaFor(alone, 3, 1, 2)], undefined],
  ['3 1 1, expired', [expired, middle], [tlsaFor(expired, 3, 1, 1)], undefined],
  ['3 1 1, another name', [other, middle], [tlsaFor(other, 3, 1, 1)], undefined],
  ['3 1 1 of another key', [alone], [tlsaFor(good, 3, 1, 1)], 'validation-failure'],
  ['3 1 1 of the authority', [good, middle], [tlsaFor(middle, 3, 1, 1)], 'validation-failure'],
  ['the second of two (a key to come)', [alone], [tlsaFor(good, 3, 1, 1), tlsaFor(alone, 3, 1, 1)], undefined],
  // RFC 7672 §3.1.2: DANE-TA
  ['2 0 1 of the root, shown', [good, middle, root], [tlsaFor(root, 2, 0, 1)], undefined],
  ['2 1 1 of the intermediate', [good, middle], [tlsaFor(middle, 2, 1, 1)], undefined],
  ['2 0 0 of the root, not shown', [good, middle], [tlsaFor(root, 2, 0, 0)], undefined],
  ['2 1 0 of the root, not shown', [good, middle], [tlsaFor(root, 2, 1, 0)], undefined],
  ['2 0 1 of the root, not shown', [good, middle], [tlsaFor(root, 2, 0, 1)], 'validation-failure'],
  ['2 1 1, another name', [other, middle], [tlsaFor(middle, 2, 1, 1)], 'certificate-host-mismatch'],
  ['2 1 1, expired', [expired, middle], [tlsaFor(middle, 2, 1, 1)], 'certificate-expired'],
  ['2 1 1 of a stranger', [good, middle], [tlsaFor(stranger, 2, 1, 1)], 'validation-failure'],
  ['2 1 1 of a stranger that is shown as well', [good, stranger], [tlsaFor(stranger, 2, 1, 1)], 'validation-failure'],
  ['2 1 1 of what is no authority', [usurped, good, middle], [tlsaFor(good, 2, 1, 1)], 'validation-failure'],
  ['2 0 0 of what is no authority', [usurped], [tlsaFor(good, 2, 0, 0)], 'validation-failure'],
  ['2 1 1 of the certificate itself', [alone], [tlsaFor(alone, 2, 1, 1)], 'validation-failure'],
  ['either of both usages', [good, middle], [tlsaFor(alone, 3, 1, 1), tlsaFor(middle, 2, 0, 1)], undefined],
]

for (const [what, chain, records, wanted] of DANE_ROWS) {
  test(`DANE: ${what}`, async () => {
    const requirement: TlsRequirement = {
      mode: 'verified',
      by: 'dane',
      names: ['mx.example'],
      tlsa: usableTlsa(records),
    }
    const fault = await withConnection(chain, {}, (socket) => examineCertificate(requirement, socket))
    assert.equal(fault?.result, wanted, fault?.because ?? 'no fault')
  })
}

test('what the web trusts counts for nothing under DANE', async () => {
  const requirement: TlsRequirement = { ...WEB, by: 'dane', tlsa: [tlsaFor(alone, 3, 1, 1)] }
  const fault = await withConnection([good, middle], { ca: [root.cert] }, (socket) =>
    examineCertificate(requirement, socket),
  )
  assert.equal(fault?.result, 'validation-failure')
})

const D32 = new Uint8Array(32)
const D64 = new Uint8Array(64)

const USABLE: readonly (readonly [string, TlsaRecord, boolean])[] = [
  ['PKIX-TA (RFC 7672 §3.1.3)', { usage: 0, selector: 1, matching: 1, data: D32 }, false],
  ['PKIX-EE (RFC 7672 §3.1.3)', { usage: 1, selector: 1, matching: 1, data: D32 }, false],
  ['DANE-TA', { usage: 2, selector: 0, matching: 1, data: D32 }, true],
  ['DANE-EE', { usage: 3, selector: 1, matching: 2, data: D64 }, true],
  ['a usage of one’s own', { usage: 255, selector: 1, matching: 1, data: D32 }, false],
  ['a selector that is not known', { usage: 3, selector: 2, matching: 1, data: D32 }, false],
  ['a digest that is not known', { usage: 3, selector: 1, matching: 3, data: D32 }, false],
  ['a digest that is too short', { usage: 3, selector: 1, matching: 1, data: new Uint8Array(31) }, false],
  ['SHA-512 as long as SHA-256', { usage: 3, selector: 1, matching: 2, data: D32 }, false],
  ['nothing', { usage: 3, selector: 0, matching: 0, data: new Uint8Array(0) }, false],
]

for (const [what, record, usable] of USABLE) {
  test(`${what} is ${usable ? 'usable' : 'of no use'}`, () => assert.equal(usableTlsa([record]).length, usable ? 1 : 0))
}

test('of two digests of one kind the stronger counts (RFC 7671 §9)', () => {
  const [weak, strong] = [tlsaFor(alone, 3, 1, 1), tlsaFor(alone, 3, 1, 2)]
  assert.deepEqual(usableTlsa([weak, strong, tlsaFor(alone, 3, 0, 1)]), [strong, tlsaFor(alone, 3, 0, 1)])
})

test('whatever bytes a record holds, it is matched by nothing but what it names', () => {
  const record = fc.record({
    usage: fc.constantFrom(2, 3),
    selector: fc.constantFrom(0, 1),
    matching: fc.constantFrom(0, 1, 2),
    data: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  })
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), (records) => {
      assert.equal(matchDane(usableTlsa(records), [good.x509, middle.x509], Date.now()), 'none')
    }),
    { numRuns: 200 },
  )
})

test('a signature of the chain is checked once, however many authorities are named', (context) => {
  const verify = context.mock.method(X509Certificate.prototype, 'verify')
  const strangers = Array.from({ length: 50 }, () => tlsaFor(stranger, 2, 1, 1))
  assert.equal(matchDane(strangers, [good.x509, middle.x509, root.x509], Date.now()), 'none')
  assert.equal(verify.mock.callCount(), 2)
  assert.equal(
    matchDane([...strangers, tlsaFor(root, 2, 1, 1)], [good.x509, middle.x509, root.x509], Date.now()),
    'authority',
  )
  assert.equal(verify.mock.callCount(), 4)
})

test('the key is cut out of a certificate as OpenSSL writes it; of junk, nothing is', () => {
  for (const { x509 } of [root, middle, good, alone]) {
    const written = x509.publicKey.export({ type: 'spki', format: 'der' })
    assert.deepEqual(Buffer.from(publicKeyInfo(x509.raw) as Uint8Array), written)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(400), (junk, at) => {
      publicKeyInfo(junk)
      const cut = good.x509.raw.subarray(0, Math.min(at, good.x509.raw.length - 1))
      assert.equal(publicKeyInfo(cut), undefined)
    }),
    { numRuns: 300 },
  )
})
