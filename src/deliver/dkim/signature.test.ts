/** The example of RFC 8463 appendix A: its keys, its message, its signatures. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { parseHeaderFields } from './header-fields.ts'
import { RelaxedBodyHash } from './relaxed-body.ts'
import { makeSignature, type SigningKey, signData, signedData } from './signature.ts'

/** A.1, with the PKCS #8 wrapping of RFC 8410 §7 around the seed. */
const ED25519 = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64'),
  ]),
  format: 'der',
  type: 'pkcs8',
})
const RSA = createPrivateKey(`-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----`)

const BRISBANE: SigningKey = {
  domain: 'football.example.com',
  selector: 'brisbane',
  algorithm: 'ed25519',
  privateKey: ED25519,
}
const TEST: SigningKey = { ...BRISBANE, selector: 'test', algorithm: 'rsa', privateKey: RSA }

const HEADER = [
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
].join('\r\n')
const BODY = 'Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n'
const BODY_HASH = '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8='

/** A.3, without the signatures themselves. */
function unsigned(algorithm: string, selector: string): string {
  return [
    `DKIM-Signature: v=1; a=${algorithm}-sha256; c=relaxed/relaxed;`,
    ' d=football.example.com; i=@football.example.com;',
    ` q=dns/txt; s=${selector}; t=1528637909; h=from : to : subject :`,
    ' date : message-id : from : subject : date;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    ' b=',
  ].join('\r\n')
}

test('the keys are those of the records (A.2)', () => {
  const spki = createPublicKey(ED25519).export({ format: 'der', type: 'spki' })
  assert.equal(spki.subarray(-32).toString('base64'), '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=')
})

test('the body has its hash', () => {
  const hash = new RelaxedBodyHash()
  hash.update(Buffer.from(BODY))
  assert.equal(hash.digest().toString('base64'), BODY_HASH)
})

const SIGNATURES: readonly (readonly [key: SigningKey, value: string])[] = [
  [BRISBANE, '/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=='],
  [
    TEST,
    'F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
  ],
]

for (const [key, value] of SIGNATURES) {
  test(`${key.algorithm} signs as the example does (A.3)`, async () => {
    const fields = parseHeaderFields(HEADER) ?? []
    const data = signedData(fields, unsigned(key.algorithm, key.selector))
    assert.equal((await signData(key, data)).toString('base64'), value)
  })
}

test('a signature field keeps to lines of 78 characters and tells all its tags', async () => {
  const names = ['from', 'from', ...Array.from({ length: 40 }, () => 'content-transfer-encoding')]
  for (const key of [
    BRISBANE,
    { ...TEST, selector: 's'.repeat(63), domain: `${'d'.repeat(63)}.${'e'.repeat(60)}.test` },
  ]) {
    const field = await makeSignature(key, {
      names,
      fields: [],
      bodyHash: Buffer.alloc(32, 7),
      nowMs: 1_528_637_909_123,
    })
    assert.ok(field.endsWith('\r\n'))
    const lines = field.slice(0, -2).split('\r\n')
    for (const line of lines.slice(1)) assert.match(line, /^ \S/)
    if (key === BRISBANE) for (const line of lines) assert.ok(line.length <= 78, line)
    const tags = field
      .slice('DKIM-Signature:'.length)
      .replaceAll(/\s/g, '')
      .split(';')
      .map((tag) => tag.slice(0, tag.indexOf('=')))
    assert.deepEqual(tags, ['v', 'a', 'c', 'd', 's', 't', 'h', 'bh', 'b'])
    assert.match(field, /t=1528637909;/)
    assert.ok(field.replaceAll(/\s/g, '').includes(`h=${names.join(':')};`))
  }
})
