import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatProblem } from '#settings/problem.ts'
import { parseProvision } from './provision-file.ts'

test('a whole file is read, each part with its place', () => {
  const parsed = parseProvision(`
settings:
  session: { maxHops: 50 }
domains: [example.test, { name: alias.test, aliasOf: example.test }]
users:
  - { address: anna@example.test, password: "a secret" }
  - address: ben@example.test
    name: Ben
    quotaSize: 2GB
    quotaMessages: unlimited
    forwarding: { to: [x@far.example], keepCopy: true }
    localDomainsOnly: true
groups:
  - { address: team@example.test, members: [anna@example.test] }
aliases:
  - { address: "*@example.test", to: [anna@example.test] }
credentials:
  - { name: isp, user: anna@isp.example, password: "a secret" }
dkim: [example.test, { domain: alias.test }]
`)
  assert.ok(parsed.ok)
  const { settings, domains, users, groups, aliases, credentials, dkim } = parsed.file
  assert.deepEqual([...(settings?.changes ?? [])], [['session.maxHops', 50]])
  assert.deepEqual(
    domains.map(({ value }) => value),
    [{ name: 'example.test' }, { name: 'alias.test', aliasOf: 'example.test' }],
  )
  assert.deepEqual(users[0], {
    value: { address: 'anna@example.test', password: 'a secret' },
    at: { line: 6, column: 5 },
  })
  assert.deepEqual(users[1]?.value, {
    address: 'ben@example.test',
    name: 'Ben',
    quotaBytes: 2 * 1024 ** 3,
    quotaMessages: null,
    forwarding: { to: ['x@far.example'], keepCopy: true },
    localDomainsOnly: true,
  })
  assert.deepEqual(groups[0]?.value, { address: 'team@example.test', members: ['anna@example.test'] })
  assert.deepEqual(aliases[0]?.value, { address: '*@example.test', to: ['anna@example.test'] })
  assert.deepEqual(credentials[0]?.value, { name: 'isp', user: 'anna@isp.example', password: 'a secret' })
  assert.deepEqual(
    dkim.map(({ value, at }) => [value.domain, at.line, at.column]),
    [
      ['example.test', 19, 8],
      ['alias.test', 19, 22],
    ],
  )
})

test('an empty file names nothing, and so does one whose parts are empty', () => {
  for (const text of ['', '# nothing\n', 'settings:\ndomains:\nusers: []\n']) {
    const parsed = parseProvision(text)
    assert.ok(parsed.ok, text)
    assert.deepEqual(parsed.file.users, [])
  }
})

const WRONG: readonly (readonly [name: string, text: string, says: RegExp])[] = [
  [
    'a key that does not exist',
    'domains: []\nuser: []\n',
    /^line 2, column 1: There is no key "user": did you mean users\?$/,
  ],
  [
    'a setting that does not exist',
    'settings:\n  session:\n    maxHop: 3\n',
    /^line 3, column 5: .*session\.maxHop.*maxHops/,
  ],
  [
    'a setting of the wrong kind',
    'settings:\n  session: { maxHops: many }\n',
    /^line 2, column 23: session\.maxHops: /,
  ],
  ['no list', 'users: anna@example.test\n', /^line 1, column 8: users: .*wanted a list/],
  ['no user', 'users:\n  - anna@example.test\n', /^line 2, column 5: users\[0\]: .*wanted \{ address/],
  ['a user without an address', 'users:\n  - { name: Anna }\n', /^line 2, column 5: users\[0\]: address is missing/],
  [
    'a user with an unknown key',
    'users:\n  - { address: a@b.test, pasword: x }\n',
    /column 26: users\[0\]: .*did you mean password/,
  ],
  [
    'a name that is a number',
    'users:\n  - { address: a@b.test, name: 7 }\n',
    /column 32: users\[0\]\.name: Cannot take "7"/,
  ],
  [
    'a quota without its unit',
    'users:\n  - { address: a@b.test, quotaSize: 7 }\n',
    /wanted a size such as 2GB, or unlimited/,
  ],
  ['an alias that leads nowhere', 'aliases:\n  - { address: a@b.test }\n', /to is missing/],
  [
    'an address without @',
    'groups:\n  - { address: team, members: [] }\n',
    /column 16: groups\[0\]\.address: Cannot take "team"/,
  ],
  [
    'credentials without a user',
    'credentials:\n  - { name: isp, password: x }\n',
    /^line 2, column 5: credentials\[0\]: user is missing/,
  ],
  [
    'credentials of no name',
    'credentials:\n  - { name: my isp, user: x, password: y }\n',
    /column 13: credentials\[0\]\.name: Cannot take "my isp"/,
  ],
  ['a domain to sign for that is a number', 'dkim: [7]\n', /^line 1, column 8: dkim\[0\]\.domain: /],
  ['a domain that is a number', 'domains: [7]\n', /^line 1, column 11: domains\[0\]\.name: /],
  ['a key twice', 'domains: []\ndomains: []\n', /^line 2, column 1: .*twice/],
  ['no YAML', 'users: [\n', /^line \d+, column \d+: This is not valid YAML/],
  ['a text', 'hello\n', /^line 1, column 1: .*wanted settings, domains/],
]

for (const [name, text, says] of WRONG) {
  test(`what is wrong is told with line and column: ${name}`, () => {
    const parsed = parseProvision(text)
    assert.ok(!parsed.ok)
    assert.match(formatProblem(parsed.problems[0] as (typeof parsed.problems)[0]), says)
  })
}

test('a password is never quoted', () => {
  for (const password of [
    '[hunter22]',
    '{ a: hunter22 }',
    '"hunter22\\nhunter22".',
    `"${'hunter22'.repeat(200)}"`,
    '*hunter22',
  ]) {
    const parsed = parseProvision(`users:\n  - address: a@b.test\n    password: ${password}\n`)
    if (parsed.ok) continue
    for (const problem of parsed.problems) assert.doesNotMatch(formatProblem(problem), /hunter22/, password)
  }
})

test('whatever the text: an answer, with places inside it', () => {
  const part = fc.constantFrom(
    'users:',
    'domains:',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    'address: ',
    'a@b',
    ', ',
    '"',
    '&a',
    '*a',
    '<<: ',
    '__proto__: ',
  )
  const text = fc.oneof(
    fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ maxLength: 80 }),
  )
  fc.assert(
    fc.property(text, (source) => {
      const parsed = parseProvision(source)
      const lines = source.split('\n').length
      return (
        parsed.ok ||
        (parsed.problems.length > 0 && parsed.problems.every(({ line = 1 }) => line >= 1 && line <= lines + 1))
      )
    }),
    { numRuns: 300 },
  )
})
