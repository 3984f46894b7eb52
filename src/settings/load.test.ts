import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isMap } from 'yaml'
import { DECLARATIONS } from './declarations.ts'
import { loadChanges, loadChangesAt } from './load.ts'
import { formatProblem } from './problem.ts'
import { buildSettings, setPath, withChanges } from './snapshot.ts'
import { settingsOf } from './testing.ts'
import { MOST_YAML, parseYaml } from './yaml-source.ts'

function problemsOf(text: string): string[] {
  const loaded = loadChanges(text)
  return loaded.ok ? [] : loaded.problems.map(formatProblem)
}

const TAKEN: readonly [string, string, readonly [string, unknown][]][] = [
  ['nothing', '', []],
  ['only a comment', '# nothing yet\n', []],
  ['a branch with nothing under it', 'session:\n  # maxHops: 5\n', []],
  ['a value in its unit', 'session: { commandTimeout: 2m }', [['session.commandTimeout', 120_000]]],
  ['none', 'relay: { ipGroup: null }', [['relay.ipGroup', undefined]]],
  ['a name that is taken away', 'ipGroups: { local-clients: }', [['ipGroups.local-clients', undefined]]],
  ['a list', 'dns: { servers: ["[::1]:53", a.example] }', [['dns.servers', ['[::1]:53', 'a.example']]]],
  ['a name with dots', 'ipGroups: { a.b: [::1] }', [['ipGroups.a.b', [{ address: '::1', enabled: true }]]]],
]

for (const [name, text, changes] of TAKEN) {
  test(`takes ${name}`, () => {
    const loaded = loadChanges(text)
    assert.ok(loaded.ok, problemsOf(text).join('\n'))
    assert.deepEqual([...loaded.changes], changes)
  })
}

const REFUSED: readonly [string, string, RegExp][] = [
  [
    'an unknown name',
    'session:\n  maxRecipient: 5',
    /^line 2, column 3: .*"session.maxRecipient": did you mean maxRecipients\?/,
  ],
  ['a name of another style', 'session:\n  max_recipients: 5', /^line 2, column 3: .*did you mean maxRecipients\?/],
  ['a name of another branch', 'maxHops: 5', /^line 1, column 1: .*did you mean session.maxHops\?/],
  ['an unknown branch', '\n\nqqqqqqqqqqqq: 5', /^line 3, column 1: .*here may stand server, dns/],
  ['a prototype', '__proto__: { a: 1 }', /^line 1, column 1: There is no setting "__proto__"/],
  ['a prototype as a group', 'ipGroups: { __proto__: [] }', /^line 1, column 13: .*Cannot take the name "__proto__"/],
  [
    'a wrong kind',
    'session:\n  maxHops: many',
    /^line 2, column 12: session.maxHops: Cannot take "many": wanted a whole number/,
  ],
  ['a value out of bounds', 'session: { maxHops: 0 }', /^line 1, column 21: .*"0": wanted a whole number, 1 to 10000/],
  ['a map for a value', 'session: { maxHops: { a: 1 } }', /^line 1, column 21: .*Cannot take "{ a: 1 }"/],
  ['a value for a branch', 'session: 5', /^line 1, column 10: session: Cannot take "5": wanted greetingDelay/],
  ['a list for the whole', '- a', /^line 1, column 1: Cannot take "- a": wanted server, dns/],
  [
    'an entry of a list',
    'dns:\n  servers:\n    - a.example\n    - a b',
    /^line 4, column 7: dns.servers\[1\]: Cannot take "a b"/,
  ],
  [
    'an entry of a group',
    'ipGroups:\n  a:\n    - ::1\n    - 10.0.0.5/8',
    /^line 4, column 7: ipGroups.a\[1\]: .*10.0.0.0\/8 for/,
  ],
  ['an address that YAML takes for a map', 'ipGroups:\n  a:\n    - fc00::', /^line 3, column 7: .*put it in quotes/],
  ['a list for a group name', 'ipGroups: [a]', /^line 1, column 11: ipGroups: Cannot take "\[a\]"/],
  ['a name twice', 'session: { maxHops: 5, maxHops: 6 }', /^line 1, column 24: .*"maxHops" stands here twice/],
  ['a branch twice', 'session:\n  maxHops: 5\nsession:\n', /^line 3, column 1: .*"session" stands here twice/],
  ['a group twice', 'ipGroups:\n  a: []\n  a: []\n', /^line 3, column 3: .*"a" stands here twice/],
  ['an alias', 'ipGroups: { a: &x [::1], b: *x }', /^line 1, column 29: .*alias \*x is not taken/],
  ['a merge key', 'session:\n  <<: { maxHops: 5 }', /^line 2, column 3: There is no setting "session.<<"/],
  ['a tag', 'session: { maxHops: !!binary aGk= }', /^line 1, column 21: This is not valid YAML/],
  ['two documents', 'session:\n---\nsession:\n', /^line 2, column 1: This is not valid YAML/],
  ['broken YAML', 'session: {', /^line 1, column 11: This is not valid YAML/],
  ['a tab', 'session:\n\tmaxHops: 5', /^line 2, column 1: This is not valid YAML/],
  ['a line break in a name', '"a\\nb": 1', /^line 1, column 1: a\\u\{a\}b: There is no setting "a\\nb"/],
  ['a long value', `session: { maxHops: ${'x'.repeat(5000)} }`, /^line 1, column 21: .*x{77}\.\.\.": wanted/],
  ['a long name', `${'x'.repeat(1000)}: 1`, /^.{1,400}$/],
]

for (const [name, text, says] of REFUSED) {
  test(`refuses ${name}, and says where`, () => {
    const [first, ...more] = problemsOf(text)
    assert.match(first ?? 'taken', says)
    assert.ok(more.length <= 2)
  })
}

test('all problems of a text are told at once, up to a bound', () => {
  const many = Array.from({ length: 500 }, (_, index) => `  x${index}: 1\n`).join('')
  assert.equal(problemsOf('session: { maxHops: a, maxRecipients: b }\nrelay: { mode: c }').length, 3)
  assert.equal(problemsOf(`session:\n${many}`).length, 50)
})

test('bombs end in a problem', () => {
  const bombs = {
    deep: '['.repeat(50_000),
    deepMaps: `ipGroups: { a: ${'{a: '.repeat(20_000)}`,
    deepValue: `ipGroups: { a: ${'['.repeat(100)}${']'.repeat(100)} }`,
    aliases: `a: &a [x]\n${Array.from({ length: 30 }, (_, index) => `b${index}: &b${index} [*a, *a]`).join('\n')}`,
    long: '#'.repeat(MOST_YAML + 1),
    manyKeys: Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join(''),
  }
  for (const [name, text] of Object.entries(bombs)) {
    const problems = problemsOf(text)
    assert.ok(problems.length > 0 && problems.length <= 50, name)
    for (const problem of problems) assert.ok(problem.length < 1000, name)
  }
})

test('a part of a larger document keeps the places of the whole', () => {
  const parsed = parseYaml('domains: [example.test]\nsettings:\n  session:\n    maxHop: 5\n')
  assert.ok(parsed.ok && isMap(parsed.source.root))
  const loaded = loadChangesAt(parsed.source, parsed.source.root.get('settings', true) as never)
  assert.match(loaded.ok ? 'taken' : formatProblem(loaded.problems[0] as never), /^line 4, column 5: .*maxHops\?/)
})

test('a place is found for a setting and for an entry of it', () => {
  const loaded = loadChanges('relay:\n  ipGroup: a\nipGroups:\n  a:\n    - ::1\n    - group:b\n')
  assert.ok(loaded.ok)
  assert.deepEqual(loaded.locate('relay.ipGroup'), { line: 2, column: 12 })
  assert.deepEqual(loaded.locate('ipGroups.a[1]'), { line: 6, column: 7 })
  assert.equal(loaded.locate('relay.mode'), undefined)
})

const SET: readonly [string, string, unknown][] = [
  ['session.maxRecipients', '50', 50],
  ['session.maxRecipients', 'unlimited', 'unlimited'],
  ['session.commandTimeout', '90s', 90_000],
  ['relay.ipGroup', 'null', undefined],
  ['relay.smtpAuth', 'false', false],
  ['server.hostname', '1234', '1234'],
  ['server.hostname', 'true', 'true'],
  ['services.smtp.listen', '*', ['*']],
  ['services.smtp.listen', '*:2525', ['*:2525']],
  ['services.smtp.listen', '["127.0.0.1:2525"]', ['127.0.0.1:2525']],
  ['services.smtp.listen', '127.0.0.1:2525, [::1]:2525', ['127.0.0.1:2525', '[::1]:2525']],
  ['services.smtp.listen', '', []],
  ['services.smtp.listen', '[]', []],
]

for (const [path, text, value] of SET) {
  test(`set ${path} ${JSON.stringify(text)}`, () => {
    const loaded = setPath(settingsOf(''), path, text)
    assert.ok(loaded.ok)
    assert.deepEqual([...loaded.changes], [[path, value]])
  })
}

const NOT_SET: readonly [string, string, RegExp][] = [
  ['session.maxRecipient', '50', /There is no setting "session.maxRecipient": did you mean session.maxRecipients\?/],
  ['maxRecipients', '50', /did you mean session.maxRecipients\?/],
  ['session.maxRecipients', '0', /Cannot take "0": wanted a whole number, 1 to 50000/],
  ['session.maxRecipients', '50 # fifty', /^$/],
  ['session.maxRecipients', '', /wanted a whole number/],
  ['services.smtp.listen', 'nowhere', /Cannot take "nowhere"/],
  ['relay', '{ mod: open }', /did you mean mode\?/],
  ['ipGroups.a b', '[::1]', /Cannot take the name "a b"/],
  ['ipGroups.a', '[1.2.3]', /ipGroups.a\[0\]: Cannot take "1.2.3"/],
  ['__proto__', '1', /There is no setting "__proto__"/],
  ['x'.repeat(100_000), '1', /There is no setting/],
]

for (const [path, text, says] of NOT_SET) {
  test(`set ${path.slice(0, 40)} ${JSON.stringify(text)} is answered`, () => {
    const loaded = setPath(settingsOf(''), path, text)
    assert.match(loaded.ok ? '' : formatProblem(loaded.problems[0] as never), says)
  })
}

test('groups are merged by name, and set as a whole', () => {
  const base = settingsOf('ipGroups: { office: ["10.1.0.0/16"] }')
  assert.deepEqual(Object.keys(base.ipGroups), ['local-clients', 'office'])
  const names = (path: string, text: string) => {
    const loaded = setPath(base, path, text)
    assert.ok(loaded.ok)
    return Object.keys(withChanges(base, loaded.changes).ipGroups)
  }
  assert.deepEqual(names('ipGroups.home', '["10.2.0.0/16"]'), ['local-clients', 'office', 'home'])
  assert.deepEqual(names('ipGroups.office', 'null'), ['local-clients'])
  assert.deepEqual(names('ipGroups', '{ only: [::1] }'), ['only'])
})

// A mixture of names that exist, values that fit and text that does not: random YAML that gets past the first line.
const word = fc.oneof(
  fc.constantFrom(
    'session',
    'maxHops',
    'relay',
    'ipGroups',
    'a',
    'services',
    'smtp',
    'listen',
    '&a',
    '*a',
    '!!x',
    '<<',
    '__proto__',
  ),
  fc.constantFrom(
    '5',
    'unlimited',
    'null',
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    ', ',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    '"',
    "'",
    '# ',
    '|\n',
    '\t',
    '---\n',
  ),
  fc.string({ maxLength: 6 }),
)

test('random YAML gives settings, or problems with places inside the text', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 25 }), (words) => {
      const text = words.join('')
      const lines = text.split('\n')
      const loaded = loadChanges(text)
      if (loaded.ok) {
        buildSettings(loaded.changes)
        return
      }
      assert.ok(loaded.problems.length > 0)
      for (const { line = 1, column = 1, says } of loaded.problems) {
        assert.ok(says.length > 0 && !/[\0\n]/.test(says), says)
        assert.ok(line >= 1 && line <= lines.length, `line ${line}`)
        assert.ok(column >= 1 && column <= (lines[line - 1] as string).length + 1, `column ${column}`)
      }
    }),
    { numRuns: 300 },
  )
})

test('random text for any path never throws', () => {
  const path = fc.oneof(
    fc.constantFrom(...DECLARATIONS.keys(), 'ipGroups.x', 'relay', ''),
    fc.string({ maxLength: 20 }),
  )
  fc.assert(
    fc.property(path, fc.array(word, { maxLength: 8 }), (path, words) => {
      setPath(settingsOf(''), path, words.join(''))
    }),
    { numRuns: 200 },
  )
})
