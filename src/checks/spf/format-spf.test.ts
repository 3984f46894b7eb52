import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatReceivedSpf, formatSpfAuthResult, type SpfField } from './format-spf.ts'
import type { SpfResult } from './result.ts'

const RESULT: SpfResult = {
  result: 'pass',
  identity: 'mailfrom',
  domain: 'example.com',
  mechanism: 'ip4:192.0.2.0/24',
  because: '"ip4:192.0.2.0/24" in the record of example.com matches',
  lookups: 0,
  voidLookups: 0,
}
const FIELD: SpfField = {
  receiver: 'here.example',
  ip: '192.0.2.1',
  helo: 'mx.example.com',
  sender: 'user@example.com',
}
const { mechanism: _, ...WITHOUT_MECHANISM } = RESULT

describe('formatReceivedSpf', () => {
  const rows: readonly (readonly [string, SpfResult, SpfField, string])[] = [
    [
      'a match',
      RESULT,
      FIELD,
      'Received-SPF: pass (here.example: "ip4:192.0.2.0/24" in the record of\r\n\texample.com matches)\r\n' +
        '\tclient-ip=192.0.2.1;\r\n\tenvelope-from="user@example.com";\r\n\thelo=mx.example.com;\r\n' +
        '\treceiver=here.example;\r\n\tidentity=mailfrom;\r\n\tmechanism="ip4:192.0.2.0/24"\r\n',
    ],
    [
      'nothing matched, over IPv6, with a null sender',
      { ...WITHOUT_MECHANISM, result: 'none', identity: 'helo', because: 'x has none' },
      { ...FIELD, ip: '2001:db8::1', sender: '', helo: '[IPv6:2001:db8::1]' },
      'Received-SPF: none (here.example: x has none)\r\n\tclient-ip="2001:db8::1";\r\n\tenvelope-from="";\r\n' +
        '\thelo="[IPv6:2001:db8::1]";\r\n\treceiver=here.example;\r\n\tidentity=helo\r\n',
    ],
    [
      'what would end the field',
      { ...WITHOUT_MECHANISM, result: 'fail', because: 'a) (b \\ c\r\nX: y' },
      { ...FIELD, sender: '"a\\" b"@ä.example', helo: 'x; y=z\r\nSubject: z' },
      'Received-SPF: fail (here.example: a\\) \\(b \\\\ c??X: y)\r\n\tclient-ip=192.0.2.1;\r\n' +
        '\tenvelope-from="\\"a\\\\\\" b\\"@?.example";\r\n\thelo="x; y=z??Subject: z";\r\n' +
        '\treceiver=here.example;\r\n\tidentity=mailfrom\r\n',
    ],
  ]
  for (const [name, result, field, wanted] of rows) {
    it(name, () => assert.equal(formatReceivedSpf(result, field), wanted))
  }
})

describe('formatSpfAuthResult', () => {
  const because = RESULT.because
  const rows: readonly (readonly [Partial<SpfResult>, Partial<SpfField>, string])[] = [
    [{}, {}, `spf=pass (${because}) smtp.mailfrom=user@example.com`],
    [{}, { sender: `${'a'.repeat(201)}@example.com` }, `spf=pass (${because}) smtp.mailfrom=example.com`],
    [{}, { sender: '@example.com' }, `spf=pass (${because}) smtp.mailfrom=example.com`],
    [{}, { sender: '"a b"@example.com' }, `spf=pass (${because}) smtp.mailfrom="a b"@example.com`],
    [{}, { sender: '"a.b"@example.com' }, `spf=pass (${because}) smtp.mailfrom=a.b@example.com`],
    [{}, { sender: 'a;b=c@example.com' }, `spf=pass (${because}) smtp.mailfrom="a;b=c"@example.com`],
    [{}, { sender: '"a\\"@b"@example.com' }, `spf=pass (${because}) smtp.mailfrom="a\\"@b"@example.com`],
    [{ domain: '[192.0.2.1]' }, { sender: 'x@[192.0.2.1]' }, `spf=pass (${because}) smtp.mailfrom="x@[192.0.2.1]"`],
    [{ identity: 'helo' }, { sender: '' }, `spf=pass (${because}) smtp.helo=mx.example.com`],
    [
      { identity: 'helo' },
      { helo: '[192.0.2.1]; dkim=pass' },
      `spf=pass (${because}) smtp.helo="[192.0.2.1]; dkim=pass"`,
    ],
    [
      { result: 'permerror', because: 'x); dkim=pass (' },
      {},
      'spf=permerror (x\\); dkim=pass \\() smtp.mailfrom=user@example.com',
    ],
  ]
  for (const [result, field, wanted] of rows) {
    it(wanted, () => assert.equal(formatSpfAuthResult({ ...RESULT, ...result }, { ...FIELD, ...field }), wanted))
  }
})

describe('whatever a client and a record say', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc.string({ unit: fc.constantFrom(...'ab ;=()\\"@.\r\n\t:<>'.split('')), maxLength: 60 }),
  )

  it('stays inside its place', () => {
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        fc.constantFrom('mailfrom', 'helo'),
        (sender, helo, because, mechanism, identity) => {
          const result: SpfResult = {
            ...RESULT,
            because,
            mechanism,
            identity,
            domain: sender.slice(sender.lastIndexOf('@') + 1),
          }
          const field = formatReceivedSpf(result, { ...FIELD, sender, helo })
          assert.match(field, /^Received-SPF: pass [^\r\n]*(\r\n\t[^\r\n\t]+)*\r\n$/)
          assert.match(field.replaceAll('\r\n\t', ''), /^[\x20-\x7e]*\r\n$/)
          for (const line of field.split('\r\n')) assert.ok(line.length <= 998)
          // What is left outside comments and quoted strings is what this server wrote.
          const bare = withoutText(field)
          assert.match(
            bare,
            /^Received-SPF: pass {2}client-ip=192\.0\.2\.1; envelope-from=; helo=[^;]*; receiver=here\.example; identity=\w+; mechanism=[^;]*\r\n$/,
          )

          const method = formatSpfAuthResult(result, { sender, helo })
          assert.match(method, /^[\x20-\x7e]+$/)
          assert.ok(method.length <= 900)
          assert.match(withoutText(method), /^spf=pass {2}smtp\.(mailfrom|helo)=[^; ()"\\]*$/)
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** A field without its comments and quoted strings, on one line. */
function withoutText(field: string): string {
  return field.replaceAll('\r\n\t', ' ').replaceAll(/\((?:[^()\\]|\\.)*\)|"(?:[^"\\]|\\.)*"/g, '')
}
