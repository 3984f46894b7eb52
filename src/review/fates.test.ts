import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addAnswer, formatStory, type Story } from '#queue/answers.ts'
import type { Hop, Trouble } from '#queue/contract.ts'
import type { Delivery, QueueEntry } from '#store/contract.ts'
import { fatesOf, formatFates, formatHop, formatServer, formatTrouble } from './fates.ts'

const atMs = Date.UTC(2026, 10, 24, 12)
const hop: Hop = {
  host: 'mx1.far.example',
  ip: '192.0.2.1',
  port: 25,
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verifiedBy: 'mta-sts' },
}

function ended(outcome: Delivery['outcome'], story: Story): Delivery {
  return { decision: 1, atMs, recipient: 'bob@far.example', outcome, story: formatStory(story) }
}

function entry(change: Partial<QueueEntry>): QueueEntry {
  const addresses = { sender: 'anna@here.example', recipient: 'bob@far.example', domain: 'far.example', origin: '' }
  return { id: 17, messageId: 1, decision: 1, ...addresses, sizeBytes: 1, createdAtMs: atMs, attempts: 0, ...change }
}

const busy: Trouble = {
  is: 'deferred',
  status: '4.7.1',
  because: 'mx1.far.example refused the recipient for now',
  stage: 'rcpt',
  scope: 'recipient',
  reply: { code: 451, status: '4.7.1', text: 'Later' },
}

test('how each recipient ended', () => {
  const rows: readonly [Delivery, string][] = [
    [
      ended('delivered', { tries: 3, is: 'delivered', hop, reply: { code: 250, status: '2.0.0', text: 'Ok: queued' } }),
      'delivered at 2026-11-24T12:00:00.000Z to mx1.far.example [192.0.2.1] over TLSv1.3 (verified as asked by MTA-STS), after 3 tries; it said: 250 2.0.0 Ok: queued',
    ],
    [ended('delivered', { tries: 1, is: 'placed' }), 'delivered at 2026-11-24T12:00:00.000Z into a mailbox here'],
    [
      ended('failed', {
        tries: 1,
        is: 'failed',
        status: '5.1.1',
        because: 'mx1.far.example refused the recipient',
        reply: { code: 550, status: '5.1.1', text: 'No such user' },
      }),
      'failed for good at 2026-11-24T12:00:00.000Z: mx1.far.example refused the recipient (it said: 550 5.1.1 No such user) [5.1.1]',
    ],
    [
      ended('expired', { tries: 12, is: 'expired', status: '4.4.7', because: 'nobody answered' }),
      'given up at 2026-11-24T12:00:00.000Z, after 12 tries: nobody answered [4.4.7]',
    ],
    [
      ended('removed', { tries: 0, is: 'removed', because: 'by postern (anna)' }),
      'removed from the queue at 2026-11-24T12:00:00.000Z: by postern (anna)',
    ],
    [{ ...ended('failed', { tries: 1, is: 'failed' }), story: 'no JSON' }, 'failed at 2026-11-24T12:00:00.000Z'],
  ]
  for (const [delivery, text] of rows) {
    assert.deepEqual(fatesOf([delivery], []), [{ recipient: 'bob@far.example', is: delivery.outcome, atMs, text }])
  }
})

test('what still waits, and for what', () => {
  const answers = addAnswer(undefined, busy, atMs)
  const rows: readonly [QueueEntry, string, string][] = [
    [entry({}), 'waiting', 'waits for its turn, not tried yet (postern queue show 17)'],
    [
      entry({ dueAtMs: atMs, attempts: 1, answers }),
      'waiting',
      'waits until 2026-11-24T12:00:00.000Z, tried once (postern queue show 17); the last answer: mx1.far.example refused the recipient for now (it said: 451 4.7.1 Later)',
    ],
    [entry({ held: true, attempts: 2 }), 'held', 'is held, tried 2 times (postern queue show 17)'],
  ]
  for (const [waiting, is, text] of rows) {
    const [fate] = fatesOf([], [waiting])
    assert.deepEqual([fate?.is, fate?.text], [is, text])
  }
})

test('a server is named with its address, its port where it is not the usual one, and how the way was kept', () => {
  const rows: readonly [Hop, string][] = [
    [{ host: 'mx.far.example', port: 25 }, 'mx.far.example, not encrypted'],
    [{ host: '192.0.2.1', ip: '192.0.2.1', port: 587 }, '192.0.2.1 port 587, not encrypted'],
    [
      { host: 'mx.far.example', port: 25, tls: { version: 'TLSv1.2', cipher: 'x' } },
      'mx.far.example over TLSv1.2 (certificate not verified)',
    ],
  ]
  for (const [of, text] of rows) assert.equal(formatHop(of), text)
})

test('an answer that the reason quotes is not told twice', () => {
  const because = 'mx1.far.example said 451 4.7.1 Later'
  assert.equal(formatTrouble({ ...busy, because }), because)
})

test('the server is told where the reason does not name it', () => {
  assert.equal(formatServer({ because: 'refused', hop }), `; the server was ${formatHop(hop)}`)
  assert.equal(formatServer({ because: 'mx1.far.example refused it', hop }), '')
  assert.equal(formatServer({ because: 'no DNS' }), '')
})

test('the text of other servers stays on its line, and many recipients are counted', () => {
  const hostile = ended('failed', { tries: 1, is: 'failed', because: 'x\u001b[2J\r\nWhat became of it:\u202e' })
  const lines = formatFates(fatesOf(Array(150).fill(hostile), []))
  assert.equal(lines.length, 2 + 100 + 1)
  assert.equal(lines.at(-1), '  and 50 more: postern explain REF --json tells all')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\u202e]/)
  assert.deepEqual(formatFates([]), [])
})
