import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PLAIN_WORDS } from '#review/plain-words.ts'
import type { Command } from './command.ts'
import { CommandError } from './command.ts'
import { runCommandLine } from './run.ts'
import { COMMANDS } from './table.ts'
import { noRuntime, recordTerminal } from './testing.ts'

async function run(argv: readonly string[], commands: readonly Command[] = COMMANDS, env = {}) {
  const terminal = recordTerminal()
  const code = await runCommandLine({ argv, env, user: 'anna', terminal, runtime: noRuntime }, commands)
  return { code, out: terminal.printed.join(''), err: terminal.remarks.join('\n') }
}

test('every command has a summary, examples that call it, and help', async () => {
  for (const command of COMMANDS) {
    assert.match(command.summary, /^[A-Z].*\.$/, command.name)
    assert.ok(command.examples.length > 0, command.name)
    for (const example of command.examples) assert.ok(example.includes(`postern ${command.name}`), example)
    const { code, out } = await run([...command.name.split(' '), '--help'])
    assert.equal(code, 0, command.name)
    for (const option of [...Object.keys(command.options), 'json', 'data']) {
      assert.ok(out.includes(`--${option}`), `${command.name} --${option}`)
    }
    assert.ok(out.includes(command.examples[0] as string), command.name)
  }
})

test('every command that the words for laymen name is there', () => {
  const named = Object.values(PLAIN_WORDS).flatMap(({ means, todo }) =>
    [...`${means} ${todo}`.matchAll(/postern ([a-z -]+)/g)].map(([, words = '']) => words.trim()),
  )
  assert.ok(named.length > 5)
  for (const words of named) {
    assert.ok(
      COMMANDS.some(({ name }) => words === name || words.startsWith(`${name} `)),
      words,
    )
  }
})

test('the names of the commands are unique', () => {
  assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length)
})

const WRONG: readonly (readonly [name: string, argv: readonly string[], says: RegExp])[] = [
  ['an unknown command', ['frobnicate'], /There is no command "frobnicate"/],
  ['an unknown second word', ['settings', 'frobnicate'], /There is no command "settings frobnicate"/],
  ['an unknown option', ['settings', 'get', '--frob'], /--frob.*Usage: postern settings get/],
  ['a missing argument', ['settings', 'set', 'relay.mode'], /VALUE is missing/],
  ['an argument too many', ['domain', 'list', 'x'], /Unexpected argument 'x'/],
  ['an option without its value', ['queue', 'list', '--limit'], /limit/],
  ['a password as an argument', ['user', 'add', 'a@b.example', 'secret'], /Unexpected argument/],
  ['no recipient', ['try', '--ip', '192.0.2.1', '--from', ''], /--to ADDRESS is missing/],
  [
    'a service that is none',
    ['try', '--ip', '::1', '--from', 'a@b', '--to', 'c@d', '--service', 'pop3'],
    /--service "pop3"/,
  ],
  ['ports that are none', ['serve', '--ports', 'some'], /--ports "some"/],
  ['a version that is no number', ['settings', 'rollback', 'one'], /no version number/],
  ['an unknown third word', ['blocks', 'never', 'frobnicate'], /There is no command "blocks never frobnicate"/],
  ['a span that is none', ['blocks', 'add', '192.0.2.1', '--for', '0s'], /--for "0s": expected a span of time/],
  ['nothing to lift', ['blocks', 'lift'], /Name what to lift: NETWORK, ID, or --all/],
  ['a freeze without a reason', ['user', 'freeze', 'a@b.example'], /--why TEXT is missing/],
  ['an outcome that is none', ['records', '--outcome', 'lost'], /--outcome "lost"/],
  ['a trust that names nobody', ['trust', 'restore'], /IP is missing/],
  ['a log that is none', ['logs', '--log', 'spam'], /There is no log "spam"/],
]

for (const [name, argv, says] of WRONG) {
  test(`a wrong command line is told in one line, with exit code 2: ${name}`, async () => {
    const { code, out, err } = await run(argv)
    assert.equal(code, 2)
    assert.equal(out, '')
    assert.match(err, says)
    assert.ok(!err.includes('\n'), err)
  })
}

test('help lists every command, and those of a group', async () => {
  const { code, out } = await run(['help'])
  assert.equal(code, 0)
  for (const { name } of COMMANDS) assert.ok(out.includes(name), name)
  const group = await run(['help', 'alias'])
  assert.ok(group.out.includes('alias add'))
  assert.ok(!group.out.includes('domain add'))
  assert.equal((await run(['alias'])).code, 2)
  const never = await run(['blocks', 'never'])
  assert.equal(never.code, 2)
  assert.ok(never.out.includes('blocks never add') && !never.out.includes('blocks lift'))
  assert.equal((await run(['help', 'relay', 'grants'])).code, 0)
  assert.match((await run(['help', 'relay', 'grants', 'revoke'])).out, /^postern relay grants revoke IP/)
  assert.equal((await run([])).code, 0)
})

test('where no server answers, the line says how to start one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-'))
  try {
    const { code, err } = await run(['domain', 'list', '--data', dir])
    assert.equal(code, 1)
    assert.match(err, /^postern: The server is not running.*postern serve --data /)
    const byEnv = await run(['domain', 'list'], COMMANDS, { POSTERN_DATA: join(dir, 'elsewhere') })
    assert.match(byEnv.err, /elsewhere/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

const echo: Command = {
  name: 'echo',
  summary: 'Echo.',
  takes: ['WORD…'],
  options: { loud: { about: 'Loud.' }, as: { value: 'NAME', many: true, about: 'Names.' } },
  examples: ['postern echo a'],
  async run({ args, options }) {
    if (args[0] === 'fail') throw new CommandError('It failed: do otherwise')
    const data = { args, loud: options.flag('loud'), as: options.texts('as') }
    const warnings = args[0] === 'odd' ? ['One\n', 'two'] : []
    return { data, text: args.join(' '), code: args[0] === 'three' ? 3 : 0, warnings }
  },
}

test('an answer is printed as text, or as JSON when asked', async () => {
  assert.deepEqual(await run(['echo', 'a', 'b'], [echo]), { code: 0, out: 'a b\n', err: '' })
  const { out } = await run(['echo', 'a', '--as', 'x', '--as', 'y', '--loud', '--json'], [echo])
  assert.deepEqual(JSON.parse(out), { args: ['a'], loud: true, as: ['x', 'y'] })
})

test('what a command says becomes the exit code', async () => {
  assert.equal((await run(['echo', 'three'], [echo])).code, 3)
  assert.deepEqual(await run(['echo', 'fail'], [echo]), { code: 1, out: '', err: 'postern: It failed: do otherwise' })
})

test('what a command warns of stands on standard error, a line each', async () => {
  const err = 'postern: warning: One\\u{a}\npostern: warning: two'
  assert.deepEqual(await run(['echo', 'odd'], [echo]), { code: 0, out: 'odd\n', err })
})
