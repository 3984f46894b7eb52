import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Events } from './contract.ts'
import { createEvents, type LiveEvents } from './create-events.ts'
import { LINES_PER_MINUTE } from './flood.ts'
import { formatText } from './line-text.ts'

const SESSION = { service: 'smtp', ip: '198.51.100.7' }

interface Written {
  readonly events: LiveEvents
  readonly clock: ManualClock
  readonly lines: string[]
}

function open(): Written {
  const lines: string[] = []
  const clock = new ManualClock(Date.UTC(2026, 10, 24, 8, 0, 1, 123))
  return { lines, clock, events: createEvents({ write: (line) => lines.push(line), clock, level: 'debug' }) }
}

function textOf({ lines }: Written): string {
  return lines.map((line) => formatText(line.trimEnd())).join('\n')
}

function received(events: Events, text: string): void {
  const message = { ...SESSION, ref: '7K2M9QXA', sizeBytes: 4096, tls: false }
  events.messageReceived({ ...message, sender: text, recipients: [text], helo: text, messageId: text, user: text })
}

/** Every event with `text` wherever a client's text may stand. */
function everything(events: LiveEvents, text: string): void {
  const login = { ...SESSION, mechanism: 'PLAIN' }
  events.listening({ service: 'smtp', address: '::', port: 25, thread: 1 })
  events.stopped(text)
  events.sessionOpened(SESSION)
  events.sessionClosed({ ...SESSION, why: text })
  events.loginSucceeded({ ...login, user: text, tls: true })
  events.loginFailed({ ...login, name: text, mechanism: text, why: text })
  const refusal = { ...SESSION, ref: '7K2M9QXA', stage: 'recipient', rule: 'relay', because: text, reply: text }
  events.refused({ ...refusal, sender: text, recipient: text, user: text })
  received(events, text)
  events.messageDelivered({ ref: '7K2M9QXA', recipient: text })
  events.messageQueued({ ref: '7K2M9QXA', recipient: text })
  const entry = { ref: '7K2M9QXA', sender: text, recipient: text, user: text, host: text, tls: text }
  events.mailSent({ ...entry, reply: text, afterMs: 5, tries: 1 })
  events.mailDeferred({ ...entry, because: text, status: text, tries: 1, nextTryMs: 0 })
  events.mailFailed({ ...entry, because: text, status: text, tries: 1, expired: false })
  events.destinationDown({ destination: text, because: text, forMs: 1 })
  events.destinationUp({ destination: text })
  events.destinationShaped({ destination: text, rule: text, answer: text, what: text })
  events.signingRecordChecked({ domain: text, selector: text, is: 'recordMissing', why: text })
  events.protocolViolated({ ...SESSION, what: text })
  events.mailboxRead({ ...SESSION, user: text, retrieved: 1, deleted: 0 })
  events.settingsChanged({ version: 3, author: text, paths: [text, text] })
  events.certificateLoaded({ from: text, names: text, expires: '2036-01-01' })
  events.faulted({ what: text, error: new Error(text, { cause: new Fault(text, { temporary: true }) }) })
  events.linesDropped(4)
}

test('a message received is one line that names everything', () => {
  const written = open()
  written.events.messageReceived({
    ...SESSION,
    ref: '7K2M9QXA',
    sender: '',
    recipients: ['user1@example.test', 'user2@example.test'],
    sizeBytes: 4096,
    helo: 'mail.far.example',
    tls: true,
    messageId: '<1@far.example>',
  })
  assert.equal(
    textOf(written),
    '2026-11-24T08:00:01.123Z mail received ref=7K2M9QXA service=smtp ip=198.51.100.7 helo=mail.far.example tls=true ' +
      'from=<> to=<user1@example.test>,<user2@example.test> recipients=2 size=4096 msgid=<1@far.example>',
  )
})

test('a refusal says why, by which rule, and what the client was told', () => {
  const written = open()
  written.events.refused({
    ...SESSION,
    ref: '7K2M9QXA',
    stage: 'recipient',
    rule: 'relay',
    because: 'in no group',
    reply: '550 5.7.1 Relaying denied',
    sender: 'a@far.example',
    recipient: 'b@far.example',
  })
  assert.equal(
    textOf(written),
    '2026-11-24T08:00:01.123Z security refused ref=7K2M9QXA service=smtp ip=198.51.100.7 stage=recipient rule=relay ' +
      'from=<a@far.example> to=<b@far.example> reply="550 5.7.1 Relaying denied" because="in no group"',
  )
})

test('hostile text breaks no line, fakes no field and turns no reading order', () => {
  const nasty = [
    'a\r\n2026-11-24T08:00:01.123Z mail received ref=FAKE',
    'x from=<forged@example.test> level=error',
    '\u2028\u2029\u0085\v\f',
    '\u202egnp.exe\u2066',
    '\0\x1b[2J\x7f',
    '"\\"',
    '\ud800',
    '\ufeff\u200b\u{e0041}',
    '__proto__',
    '{"level":"error"}',
  ]
  for (const text of nasty) {
    const written = open()
    everything(written.events, text)
    for (const line of written.lines) {
      assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}](?!$)/u, JSON.stringify(text))
      assert.equal(line.indexOf('\n'), line.length - 1)
      const human = formatText(line.trimEnd())
      assert.doesNotMatch(human, /[\p{C}\p{Zl}\p{Zp}]/u)
      // Outside quotes there is no field that the event did not make.
      const bare = human.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
      assert.doesNotMatch(bare, /FAKE|forged/, human)
    }
  }
})

test('any text in any field stays one line that reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const written = open()
      everything(written.events, text)
      assert.equal(written.lines.length, 23)
      for (const line of written.lines) {
        assert.match(line, /^[^\n]*\n$/)
        assert.equal(typeof JSON.parse(line), 'object')
        assert.doesNotMatch(formatText(line.trimEnd()), /[\p{C}\p{Zl}\p{Zp}]/u)
      }
    }),
    { numRuns: 100 },
  )
})

test('a line is bounded however long the text', () => {
  const written = open()
  everything(written.events, 'A'.repeat(1_000_000))
  written.events.messageReceived({
    ...SESSION,
    ref: '7K2M9QXA',
    sender: 'a@b.example',
    recipients: Array.from({ length: 50_000 }, (_, n) => `user${n}@example.test`),
    sizeBytes: 1,
    helo: 'h',
    tls: false,
  })
  for (const line of written.lines) assert.ok(line.length < 6000, `${line.length}: ${line.slice(0, 80)}`)
  assert.match(written.lines.at(-1) as string, /"recipients":50000/)
})

test('one client fills no log: twenty lines a minute of a kind, then their number', () => {
  const written = open()
  const refusal = { ...SESSION, ref: 'R', stage: 'recipient', rule: 'relay', because: 'b', reply: '550' }
  for (let n = 0; n < 1000; n++) written.events.refused(refusal)
  written.events.refused({ ...refusal, ip: '203.0.113.1' })
  assert.equal(written.lines.length, LINES_PER_MINUTE + 1)
  written.clock.advance(60_000)
  assert.equal(written.lines.length, LINES_PER_MINUTE + 2)
  assert.match(textOf(written), /security repeated what="refused relay" ip=198\.51\.100\.7 lines=980 level=warn$/)
  written.events.refused(refusal)
  assert.equal(written.lines.length, LINES_PER_MINUTE + 3)
})

test('addresses of one IPv6 /64 count as one client', () => {
  const written = open()
  for (let n = 0; n < 1000; n++) {
    written.events.protocolViolated({ service: 'smtp', ip: `2001:db8::${n.toString(16)}`, what: 'early talk' })
  }
  assert.equal(written.lines.length, LINES_PER_MINUTE)
  written.events.settle()
  assert.match(textOf(written), /ip=2001:db8::\/64 lines=980/)
})

test('more clients than can be told apart share one count', () => {
  const written = open()
  for (let n = 0; n < 20_000; n++) {
    written.events.loginFailed({
      service: 'smtp',
      ip: `10.${n >> 8}.${n & 255}.1`,
      name: 'x',
      mechanism: 'PLAIN',
      why: 'w',
    })
  }
  assert.equal(written.lines.length, 4096 + LINES_PER_MINUTE)
  written.events.settle()
  assert.match(textOf(written), /what=login-failed ip=others lines=15884/)
})

test('an error tells its causes; a bug its stack, a fault none', () => {
  const written = open()
  written.events.faulted({
    what: 'Cannot keep a message',
    error: new Fault('disk', { temporary: true, cause: new Error('SQLITE_FULL') }),
  })
  written.events.faulted({ what: 'Bug in session', error: new TypeError('x is undefined') })
  written.events.faulted({ what: 'Odd', error: { toString: () => 'thing' } })
  const [fault, bug, odd] = written.lines.map((line) => JSON.parse(line) as Record<string, string>)
  assert.equal(fault?.error, 'disk: SQLITE_FULL')
  assert.equal(fault?.stack, undefined)
  assert.match(bug?.stack ?? '', /TypeError: x is undefined\n/)
  assert.equal(odd?.error, 'thing')
})

test('no secret reaches a line, even inside an error', () => {
  const written = open()
  const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----'
  written.events.faulted({ what: 'Cannot use key', error: new Error(`bad: ${key}`) })
  written.events.faulted({
    what: 'Cannot connect',
    error: new Error('postgres://postern:hunter2@db.example/mail refused'),
  })
  assert.doesNotMatch(written.lines.join(''), /MIGH|hunter2/)
})

test('no event takes a secret', () => {
  const contract = readFileSync(new URL('./contract.ts', import.meta.url), 'utf8')
  const names = [...contract.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1] as string)
  assert.ok(names.length > 20)
  assert.deepEqual(
    names.filter((name) => /pass|secret|credential|token|key|response|hash/i.test(name)),
    [],
  )
})

test('lines below the level are not written, and the level can change', () => {
  const written = open()
  written.events.setLevel('warn')
  received(written.events, 'a@b.example')
  assert.equal(written.lines.length, 0)
  written.events.setLevel('info')
  received(written.events, 'a@b.example')
  written.events.sessionOpened(SESSION)
  assert.equal(written.lines.length, 1)
})
