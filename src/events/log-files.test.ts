import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { createEvents } from './create-events.ts'
import { type LogOptions, openLogFiles } from './log-files.ts'

const OPTIONS: LogOptions = { format: 'text', level: 'info', maxFileSize: 65_536, keepFiles: 3, console: false }

function open(t: TestContext, options: Partial<LogOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'postern-logs-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const clock = new ManualClock()
  const consoleFile = join(dir, 'console')
  const consoleFd = openSync(consoleFile, 'a')
  const logs = openLogFiles({ dir, options: { ...OPTIONS, ...options }, clock, consoleFd })
  const events = createEvents({ write: logs.write, clock })
  return { dir, clock, logs, events, read: (name: string) => readFileSync(join(dir, name), 'utf8') }
}

test('each line stands in the file of its log', async (t) => {
  const { logs, events, read } = open(t)
  events.messageDelivered({ ref: 'A', recipient: 'a@example.test' })
  events.faulted({ what: 'Trouble', error: new Error('x') })
  events.loginSucceeded({ service: 'smtp', ip: '::1', user: 'a@example.test', mechanism: 'PLAIN', tls: true })
  await logs.close()
  assert.equal(read('mail.log'), '2026-01-01T00:00:00.000Z mail delivered ref=A to=<a@example.test>\n')
  assert.match(
    read('error.log'),
    /^2026-01-01T00:00:00\.000Z error fault what=Trouble error=x stack="Error: x\\n.*" level=error\n$/,
  )
  assert.match(read('security.log'), / security login /)
  assert.equal(read('config.log'), '')
})

test('JSON is one object a line', async (t) => {
  const { logs, events, read } = open(t, { format: 'json' })
  events.messageDelivered({ ref: 'A', recipient: 'a@example.test' })
  await logs.close()
  assert.deepEqual(JSON.parse(read('mail.log')), {
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    log: 'mail',
    event: 'delivered',
    ref: 'A',
    to: '<a@example.test>',
  })
})

test('the console gets a copy when the settings say so, also when they change', async (t) => {
  const { logs, events, read } = open(t)
  events.messageDelivered({ ref: 'A', recipient: 'a@example.test' })
  logs.adopt({ ...OPTIONS, console: true })
  events.messageDelivered({ ref: 'B', recipient: 'a@example.test' })
  await logs.close()
  assert.equal(read('console'), '2026-01-01T00:00:00.000Z mail delivered ref=B to=<a@example.test>\n')
  assert.equal(read('mail.log').split('\n').length, 3)
})

test('a file that has grown begins anew; no line is lost, and the oldest go', async (t) => {
  const { dir, logs, events, read } = open(t)
  const total = 5000
  for (let n = 0; n < total; n++) events.messageDelivered({ ref: `N${n}`, recipient: 'a@example.test' })
  await logs.close()
  const names = readdirSync(dir).filter((name) => name.startsWith('mail'))
  assert.deepEqual(names.sort(), ['mail.log', 'mail.log.1', 'mail.log.2', 'mail.log.3'])
  const refs = ['mail.log.3', 'mail.log.2', 'mail.log.1', 'mail.log']
    .flatMap((name) => read(name).trimEnd().split('\n'))
    .map((line) => Number(/ref=N(\d+)/.exec(line)?.[1]))
  const first = refs[0] as number
  assert.ok(first > 0 && first < total)
  assert.deepEqual(
    refs,
    Array.from({ length: total - first }, (_, n) => first + n),
  )
  for (const name of names) assert.ok(read(name).length <= 65_536)
})

test('closed files beyond those to be kept are removed at the next rotation', async (t) => {
  const { dir, logs, events } = open(t)
  const fill = () => {
    for (let n = 0; n < 5000; n++) events.messageDelivered({ ref: `N${n}`, recipient: 'a@example.test' })
  }
  fill()
  logs.adopt({ ...OPTIONS, keepFiles: 1 })
  fill()
  await logs.close()
  assert.deepEqual(
    readdirSync(dir)
      .filter((name) => name.startsWith('mail'))
      .sort(),
    ['mail.log', 'mail.log.1'],
  )
})

test('a file moved away by a log rotator is begun anew when told', async (t) => {
  const { dir, logs, events, read } = open(t)
  events.messageDelivered({ ref: 'A', recipient: 'a@example.test' })
  renameSync(join(dir, 'mail.log'), join(dir, 'mail.log.old'))
  events.messageDelivered({ ref: 'B', recipient: 'a@example.test' })
  logs.reopen()
  events.messageDelivered({ ref: 'C', recipient: 'a@example.test' })
  await logs.close()
  assert.equal(read('mail.log.old').split('\n').length, 3)
  assert.match(read('mail.log'), /^\S+ mail delivered ref=C [^\n]*\n$/)
})

test('what is no log line is passed over', async (t) => {
  const { logs, read } = open(t)
  logs.write(
    '\n{}\nnonsense\n{"level":"info","time":"x","log":"__proto__"}\n{"level":"info","time":"1","log":"mail","ev\n',
  )
  await logs.close()
  assert.equal(read('mail.log').split('\n').length, 2)
})

test('a directory that cannot be written is a fault that says so', (t) => {
  const { dir } = open(t)
  assert.throws(
    () => openLogFiles({ dir: join(dir, 'mail.log', 'below'), options: OPTIONS, clock: new ManualClock() }),
    { name: 'Fault', message: /^Cannot write logs in .*mail\.log.below: / },
  )
})

test('lines that come after the end are dropped: the descriptor may be another file by then', async (t) => {
  const { dir, logs, events, read } = open(t)
  events.messageDelivered({ ref: 'A', recipient: 'a@example.test' })
  await logs.close()
  // Takes the numbers that were just given back.
  const others = Array.from({ length: 8 }, (_, n) => openSync(join(dir, `other${n}`), 'a'))
  t.after(() => {
    for (const fd of others) closeSync(fd)
  })
  events.messageDelivered({ ref: 'B', recipient: 'a@example.test' })
  await logs.close()
  for (let n = 0; n < others.length; n++) assert.equal(read(`other${n}`), '')
  assert.doesNotMatch(read('mail.log'), /ref=B/)
})
