import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DnsAnswer } from '#base/dns.ts'
import { makeKey } from './key.ts'
import { findRecord, formatTxt, type RecordFinding, recordName, recordText } from './record.ts'

const [RSA, ED25519] = [await makeKey('rsa'), await makeKey('ed25519')]
const KEYS = {
  rsa: { selector: 's1', algorithm: 'rsa', publicKey: RSA.publicKey },
  ed25519: { selector: 's2', algorithm: 'ed25519', publicKey: ED25519.publicKey },
} as const
const { publicKey: P } = KEYS.rsa

test('a record has its name, its text, and strings that a TXT record can hold', () => {
  assert.equal(recordName('example.test', KEYS.rsa), 's1._domainkey.example.test')
  const text = recordText(KEYS.rsa)
  assert.match(text, /^v=DKIM1; k=rsa; p=MIIBIjAN[A-Za-z0-9+/=]+$/)
  const written = formatTxt(text)
  const strings = [...written.matchAll(/"([^"]*)"/g)].map(([, part = '']) => part)
  assert.ok(strings.length === 2 && strings.every((part) => part.length <= 255))
  assert.equal(strings.join(''), text)
  assert.match(formatTxt(recordText(KEYS.ed25519)), /^"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}="$/)
})

const TEXTS: readonly (readonly [name: string, key: keyof typeof KEYS, texts: readonly string[], finding: RegExp])[] = [
  ['as it is shown', 'rsa', [recordText(KEYS.rsa)], /^right$/],
  ['as it is shown, Ed25519', 'ed25519', [recordText(KEYS.ed25519)], /^right$/],
  ['with blanks in the key', 'rsa', [`v=DKIM1;p=${P.slice(0, 100)} ${P.slice(100)};`], /^right$/],
  ['with notes and flags', 'rsa', [`v=DKIM1; t=s; n=x; h=sha1:sha256; s=email; p=${P}`], /^right$/],
  ['of another kind', 'ed25519', [`v=DKIM1; k=rsa; p=${ED25519.publicKey}`], /^wrong its k= is not ed25519$/],
  ['of another key', 'rsa', [`v=DKIM1; p=${ED25519.publicKey}`], /^wrong its p= is another key$/],
  ['cut at 255', 'rsa', [recordText(KEYS.rsa).slice(0, 255)], /^wrong its p= is cut short/],
  ['revoked', 'rsa', ['v=DKIM1; p='], /^wrong its p= is empty/],
  ['without a key', 'rsa', ['v=spf1 -all'], /^wrong its v= is not DKIM1|no p=/],
  ['nothing known', 'rsa', ['hello'], /^wrong it has no p=$/],
  ['for SHA-1', 'rsa', [`v=DKIM1; h=sha1; p=${P}`], /^wrong its h= does not allow sha256$/],
  ['not for mail', 'rsa', [`v=DKIM1; s=web; p=${P}`], /^wrong its s= is not for email$/],
  ['twice', 'rsa', [recordText(KEYS.rsa), 'v=DKIM1; p='], /^wrong there are 2 TXT records/],
  ['endless', 'rsa', [`v=DKIM1; n=${';'.repeat(1_000_000)}`], /^wrong it has no p=$/],
]

async function find(key: keyof typeof KEYS, answer: DnsAnswer<{ readonly texts: readonly string[] }>): Promise<string> {
  const asked: string[] = []
  const finding: RecordFinding = await findRecord('example.test', KEYS[key], {
    async txt(name) {
      asked.push(name)
      return answer
    },
  })
  assert.deepEqual(asked, [recordName('example.test', KEYS[key])])
  return 'why' in finding ? `${finding.is} ${finding.why}` : finding.is
}

for (const [name, key, texts, expected] of TEXTS) {
  test(`a record ${name}`, async () => {
    assert.match(await find(key, { is: 'found', texts }), expected)
  })
}

test('a record that is not there, and one that nobody knows of', async () => {
  assert.equal(await find('rsa', { is: 'none', why: 'NXDOMAIN' }), 'missing NXDOMAIN')
  assert.equal(await find('rsa', { is: 'unknown', because: 'no answer' }), 'unknown no answer')
})
