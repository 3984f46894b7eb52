import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainLine, QueueDetails, RunningLine } from '#admin/queue-api.ts'
import { formatNextTry } from './queue.ts'
import { formatProgress, formatStanding } from './queue-domains.ts'
import { selectionOf } from './queue-selection.ts'
import { formatDetails } from './queue-show.ts'

const MINUTE_MS = 60_000

/** What an attacker would write to a terminal: clear the screen, turn the text, begin a line. */
const HOSTILE = 'x\u001b[2J\u202e\r\nLast answers:\u0007'

const details: QueueDetails = {
  id: 17,
  createdAt: '2026-11-24T12:00:00.000Z',
  state: 'later',
  dueAt: '2026-11-24T12:20:00.000Z',
  dueInMs: 12 * MINUTE_MS,
  sizeBytes: 2048,
  sender: 'anna@here.example',
  recipient: 'bob@far.example',
  user: 'anna@here.example',
  ip: '198.51.100.7',
  attempts: 2,
  lastAnswer: 'mx.far.example said 451 4.7.1 Later',
  parameters: ['NOTIFY=FAILURE,DELAY', 'REQUIRETLS'],
  reference: '7K2M9QXA',
  warned: true,
  expiresAt: '2026-11-26T12:00:00.000Z',
  answers: [
    { at: '2026-11-24T12:00:01.000Z', text: 'mx.far.example did not answer' },
    { at: '2026-11-24T12:05:01.000Z', text: 'mx.far.example said 451 4.7.1 Later' },
  ],
  header: ['From: Anna <anna@here.example>', 'Subject: Hello'],
  headerCut: false,
  way: {
    route: 'by MX',
    hosts: ['mx1.far.example [192.0.2.1]', 'mx2.far.example [192.0.2.2]'],
    tls: 'verified, by MTA-STS',
  },
  domainState: {
    domain: 'far.example',
    underWay: 1,
    window: 2,
    paused: false,
    down: { forMs: MINUTE_MS, because: 'nobody answered' },
  },
}

const running: RunningLine = {
  ids: [17],
  messageId: 4,
  sender: 'anna@here.example',
  recipients: ['bob@far.example'],
  recipientCount: 1,
  sizeBytes: 1000,
  sentBytes: 400,
  percent: 40,
  stage: 'data',
  host: 'mx1.far.example',
  ip: '192.0.2.1',
  elapsedMs: 12_000,
}

test('when an entry is tried next', () => {
  const rows: readonly [Parameters<typeof formatNextTry>[0], string][] = [
    [{ state: 'now' }, 'now'],
    [{ state: 'later', dueInMs: 12 * MINUTE_MS }, 'in 12m'],
    [{ state: 'later', dueInMs: 0 }, 'in 0s'],
    [{ state: 'held', dueInMs: MINUTE_MS }, 'held'],
    [{ state: 'running' }, 'running'],
    [{ state: 'paused' }, 'paused'],
  ]
  for (const [line, text] of rows) assert.equal(formatNextTry(line), text)
})

test('everything of an entry', () => {
  assert.equal(
    formatDetails(details),
    `Entry       17
Sender      anna@here.example
Recipient   bob@far.example
Sent by     anna@here.example, from 198.51.100.7
Size        2KB
Asked for   NOTIFY=FAILURE,DELAY REQUIRETLS
Since       2026-11-24T12:00:00.000Z
Next try    2026-11-24T12:20:00.000Z (in 12m)
Tries       2
Kept until  2026-11-26T12:00:00.000Z; the sender was told that it is late
Came in by  postern explain 7K2M9QXA
Would go    by MX
Servers     mx1.far.example [192.0.2.1], mx2.far.example [192.0.2.2]
TLS         verified, by MTA-STS
Domain      far.example: down, tried again in 1m: nobody answered

Last answers:
  2026-11-24T12:00:01.000Z  mx.far.example did not answer
  2026-11-24T12:05:01.000Z  mx.far.example said 451 4.7.1 Later

Header:
  From: Anna <anna@here.example>
  Subject: Hello`,
  )
})

test('what runs, is held or paused says so, and the null sender is told', () => {
  const rows: readonly [Partial<QueueDetails>, RegExp][] = [
    [
      { state: 'running', running },
      /^Next try +running: data at mx1\.far\.example \[192\.0\.2\.1\], 40% sent, for 12s$/m,
    ],
    [{ state: 'held' }, /^Next try +held: not before postern queue release$/m],
    [
      { state: 'paused', paused: { domain: '*.example', since: 'S', author: 'ben', why: 'moving' } },
      /^Next try +paused: mail to \*\.example is stopped since S by ben \(moving\)$/m,
    ],
    [{ sender: '' }, /^Sender +<> \(the null sender: a report\)$/m],
    [{ headerCut: true }, /^Header \(the first of it\):$/m],
  ]
  for (const [change, says] of rows) assert.match(formatDetails({ ...details, ...change }), says)
})

test('the text of others stays on its line and moves no cursor', () => {
  const text = formatDetails({
    ...details,
    sender: HOSTILE,
    recipient: HOSTILE,
    parameters: [HOSTILE],
    answers: [{ at: 'now', text: HOSTILE }],
    header: [HOSTILE],
    way: { route: HOSTILE, hosts: [HOSTILE], tls: HOSTILE, trouble: HOSTILE },
    domainState: { domain: HOSTILE, underWay: 0, paused: false, down: { forMs: 1000, because: HOSTILE } },
  })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/)
  assert.equal(text.match(/^Last answers:$/gm)?.length, 1)
})

test('what there is about a domain, in a sentence', () => {
  const plain: DomainLine = { domain: 'far.example', underWay: 0, paused: false }
  const rows: readonly [Partial<DomainLine>, string][] = [
    [{}, 'up'],
    [{ paused: true }, 'paused'],
    [{ down: { forMs: 90_000, because: 'nobody answers' } }, 'down, tried again in 1m 30s: nobody answers'],
    [
      { shaped: { rule: 'too fast', holdsMs: 7_200_000, waitsMs: 60_000, connections: 2, perMinute: 30 } },
      'slowed down by the rule "too fast" for 2h: nothing for 1m, at most 2 at once, at most 30 a minute',
    ],
    [
      { paused: true, shaped: { rule: 'too fast', waitsMs: 1000 } },
      'paused; slowed down by the rule "too fast": nothing for 1s',
    ],
  ]
  for (const [change, says] of rows) assert.equal(formatStanding({ ...plain, ...change }), says)
})

test('how far a delivery is', () => {
  assert.equal(formatProgress(running), 'data at mx1.far.example [192.0.2.1], 40% sent, for 12s')
  assert.equal(formatProgress({ ...running, stage: 'dns', host: undefined as never, sentBytes: 0 }), 'dns, for 12s')
})

test('what an act is for', () => {
  const options = (given: Record<string, string | true>) => ({
    flag: (name: string) => given[name] === true,
    text: (name: string) => (typeof given[name] === 'string' ? given[name] : undefined),
    texts: () => [],
  })
  assert.deepEqual(selectionOf({ args: ['17', '*@far.example', '18'], options: options({}) }), {
    ids: [17, 18],
    patterns: ['*@far.example'],
  })
  assert.deepEqual(selectionOf({ args: [], options: options({ user: 'anna@*', sender: '<>' }) }), {
    user: 'anna@*',
    sender: '<>',
  })
  assert.deepEqual(selectionOf({ args: [], options: options({ all: true }) }), { all: true })
  assert.throws(() => selectionOf({ args: [], options: options({}) }), /Name what it is for/)
})
