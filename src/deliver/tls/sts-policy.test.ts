import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStsPolicy, parseStsRecord, stsNamesHost } from './sts-policy.ts'

const RECORDS: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ['the example of RFC 8461 §3.1', ['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
  ['no semicolon at the end', ['v=STSv1; id=1'], '1'],
  ['blanks around', ['v=STSv1 ;\tid = 1 ; x=y'], '1'],
  ['fields that are not known', ['v=STSv1; ext=7; id=1'], '1'],
  ['beside other texts', ['v=spf1 -all', 'v=STSv1; id=1'], '1'],
  ['two records are none', ['v=STSv1; id=1', 'v=STSv1; id=2'], undefined],
  ['no id', ['v=STSv1;'], undefined],
  ['an id that is too long', [`v=STSv1; id=${'a'.repeat(33)}`], undefined],
  ['an id of other signs', ['v=STSv1; id=a-b'], undefined],
  ['another version', ['v=STSv2; id=1'], undefined],
  ['the version not first', ['id=1; v=STSv1'], undefined],
  ['the version in other letters', ['V=stsv1; id=1'], undefined],
  ['nothing', [], undefined],
]

for (const [what, texts, id] of RECORDS) {
  test(`record: ${what}`, () => assert.equal(parseStsRecord(texts), id))
}

function policy(lines: readonly string[], end = '\r\n'): string {
  return lines.map((line) => line + end).join('')
}

const EXAMPLE = ['version: STSv1', 'mode: enforce', 'mx: mail.example.com', 'mx: *.example.net', 'max_age: 604800']
const READ = { mode: 'enforce', mx: ['mail.example.com', '*.example.net'], maxAgeS: 604_800 }

const POLICIES: readonly (readonly [string, string, unknown])[] = [
  ['the example of RFC 8461 §3.2', policy(EXAMPLE), READ],
  ['lines that end in LF', policy(EXAMPLE, '\n'), READ],
  ['no end of the last line', policy(EXAMPLE).trimEnd(), READ],
  [
    'blanks, empty lines, fields that are not known',
    policy(['', ...EXAMPLE.map((line) => line.replace(': ', ' :\t ')), 'x-y: z']),
    READ,
  ],
  ['of what stands twice the first', policy([...EXAMPLE, 'mode: none', 'max_age: 1']), READ],
  ['letter case of hosts', policy(EXAMPLE).replace('mail.example.com', 'Mail.Example.COM'), READ],
  [
    'mode none needs no mx',
    policy(['version: STSv1', 'mode: none', 'max_age: 60']),
    { mode: 'none', mx: [], maxAgeS: 60 },
  ],
  ['a span beyond the limit', policy(EXAMPLE).replace('604800', '99999999'), { ...READ, maxAgeS: 31_557_600 }],
  ['no version', policy(EXAMPLE.slice(1)), /version/],
  ['another version', policy(EXAMPLE).replace('STSv1', 'STSv2'), /version/],
  ['no mode', policy(EXAMPLE.filter((line) => !line.startsWith('mode'))), /mode/],
  ['a mode that is none', policy(EXAMPLE).replace('enforce', 'Enforce'), /mode/],
  ['no max_age', policy(EXAMPLE.slice(0, -1)), /max_age/],
  ['a max_age that is no number', policy(EXAMPLE).replace('604800', '-1'), /max_age/],
  ['no mx', policy(EXAMPLE.filter((line) => !line.startsWith('mx'))), /mx/],
  ['an mx with a star inside', policy(EXAMPLE).replace('*.example.net', 'a.*.net'), /mx/],
  ['an mx that is a star', policy(EXAMPLE).replace('*.example.net', '*'), /mx/],
  ['a page', '<!doctype html><html></html>', /line/],
  ['nothing', '', /version/],
]

for (const [what, text, wanted] of POLICIES) {
  test(`policy: ${what}`, () => {
    const parsed = parseStsPolicy(text)
    if (wanted instanceof RegExp) assert.match('wrong' in parsed ? parsed.wrong : 'it was read', wanted)
    else assert.deepEqual(parsed, { policy: wanted })
  })
}

for (const [what, line] of [
  ['before a CR that stands alone', `a:${' '.repeat(65_000)}\rx`],
  ['within a value', `a:x${' '.repeat(65_000)}x`],
  ['before the colon', `a${' '.repeat(65_000)}x`],
] as const) {
  test(`policy: endless blanks ${what} take no time`, { timeout: 5_000 }, () => {
    const beganMs = performance.now()
    parseStsPolicy(policy([...EXAMPLE, line]))
    assert.ok(performance.now() - beganMs < 500)
  })
}

const HOSTS: readonly (readonly [string, string, boolean])[] = [
  ['mail.example.com', 'mail.example.com', true],
  ['mail.example.com', 'Mail.Example.com.', true],
  ['mail.example.com', 'mail2.example.com', false],
  ['*.example.com', 'mail.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'a.mail.example.com', false],
  ['*.example.com', 'mail.example.com.evil.example', false],
  ['*.example.com', 'evilexample.com', false],
  ['*.example.com', '.example.com', false],
]

for (const [pattern, host, named] of HOSTS) {
  test(`${pattern} ${named ? 'names' : 'does not name'} ${host} (RFC 8461 §4.1)`, () => {
    assert.equal(stsNamesHost({ mode: 'enforce', mx: [pattern], maxAgeS: 1 }, host), named)
  })
}

test('whatever comes is read or refused, and what is read is within bounds', () => {
  const line = fc.oneof(
    fc.constantFrom(...EXAMPLE),
    fc.string({ maxLength: 60 }),
    fc
      .tuple(fc.constantFrom('mx', 'mode', 'max_age', 'version'), fc.string({ maxLength: 30 }))
      .map((pair) => pair.join(': ')),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 300 }), (lines) => {
      const parsed = parseStsPolicy(policy(lines))
      if ('wrong' in parsed) return
      const { mode, mx, maxAgeS } = parsed.policy
      assert.ok(maxAgeS >= 0 && maxAgeS <= 31_557_600)
      assert.ok(mx.length <= 100 && (mx.length > 0 || mode === 'none'))
      for (const pattern of mx) assert.match(pattern, /^(\*\.)?[a-z0-9.-]{1,253}$/)
    }),
    { numRuns: 300 },
  )
})
