import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EVIDENCE } from '#gate/evidence.ts'
import { RULES } from '#gate/rules.ts'
import { formatStory, parseStory } from '#gate/story.ts'
import type { DecisionRecord } from '#store/contract.ts'
import { explain } from './explain.ts'
import { PLAIN_WORDS } from './plain-words.ts'
import { formatPlainly } from './wording.ts'

const RECORD: DecisionRecord = {
  id: 1,
  atMs: Date.UTC(2026, 10, 24, 8, 0, 1),
  outcome: 'refused',
  service: 'smtp',
  ip: '198.51.100.7',
  sender: 'a@far.example',
  recipients: ['b@far.example'],
  reply: '550 5.7.1 Relaying to other domains is not allowed from your address [ref 7K2M9QXA]',
  story: formatStory({
    helo: 'mx.far.example',
    tls: false,
    findings: [
      {
        stage: 'connect',
        rule: 'service-access',
        is: 'pass',
        saw: 'open to every address',
        setting: 'services.smtp.ipGroup',
      },
      {
        stage: 'recipient',
        rule: 'relay',
        is: 'refuse',
        saw: 'to another domain',
        setting: 'relay.mode',
        of: 'b@far.example',
      },
    ],
  }),
}

test('a refusal is told with who came, what was seen, which rule decided and by which setting', () => {
  assert.equal(
    explain(RECORD, '7K2M9QXA'),
    `Reference 7K2M9QXA: refused for good

  When        2026-11-24T08:00:01.000Z
  Who         198.51.100.7 on the service smtp, calling itself mx.far.example, not encrypted, not logged in
  Sender      a@far.example
  Recipients  b@far.example
  Answer      550 5.7.1 Relaying to other domains is not allowed from your address [ref 7K2M9QXA]

Why: to another domain
  Somebody who may not do so tried to send mail through this server to another domain. This is how spammers abuse a server.
  What to do: If it was one of your own, let them log in, or add their address to the relay group (relay.ipGroup).
  The rule relay: Only those who are authorised may send to other domains.
    It goes by relay.mode, relay.ipGroup, relay.smtpAuth, relay.popBeforeSmtp.enabled, relay.popBeforeSmtp.minutes, relay.groupAfterFailedLogin
  What decided is the setting relay.mode: controlled: only those who meet a condition (relay.ipGroup, relay.smtpAuth, relay.popBeforeSmtp) may send to other domains. open: anyone may send to anywhere.

What each rule saw, in order:
  STEP        RULE            DECIDED       SETTING                SAW
  connecting  service-access  no objection  services.smtp.ipGroup  open to every address
  recipient   relay           REFUSED       relay.mode             to another domain`,
  )
})

test('a record that stands for many says so, and what only observed is named', () => {
  const finding = {
    stage: 'recipient',
    rule: 'relay',
    is: 'permit',
    saw: 'in the group a',
    setting: 'relay.ipGroup',
  } as const
  const observed = { stage: 'sender', rule: 'sender-domain', is: 'observe', saw: 'no such domain' } as const
  const text = explain(
    {
      ...RECORD,
      outcome: 'accepted',
      repeats: { count: 37, lastAtMs: RECORD.atMs + 60_000 },
      story: formatStory({ helo: 'postern-probe', findings: [observed, finding] }),
    },
    '7K2M9QXA',
  )
  assert.match(text, /Again +37 times more, last at 2026-11-24T08:01:01/)
  assert.match(text, /What gave it the right:\n {2}in the group a \(relay.ipGroup\)/)
  assert.match(text, /Only observed, and so not refused: sender-domain/)
  assert.match(text, /the audit of this server asks as a stranger/)
  for (const outcome of ['ended', 'discarded'] as const) {
    assert.match(
      explain({ ...RECORD, outcome }, '7K2M9QXA'),
      /^Reference 7K2M9QXA: (the session ended|taken, and thrown away)/,
    )
  }
})

test('a session without a message tells how it ended', () => {
  const ended = (because: string) =>
    explain(
      {
        ...RECORD,
        outcome: 'ended',
        reply: '',
        story: formatStory({ because, commands: 3, failedCommands: 1, findings: [] }),
      },
      '7K2M9QXA',
    )
  assert.match(ended('bye'), /How it ended: the client said goodbye/)
  assert.match(ended('timeout'), /How it ended: Nothing came for too long/)
  assert.match(ended('the client has gone'), /How it ended: the client has gone/)
  assert.match(ended('bye'), /Commands +3, of which 1 failed/)
  assert.doesNotMatch(ended('bye'), /Answer/)
})

test('what the server itself left a record of is told as such', () => {
  const notice = { ...RECORD, outcome: 'accepted', service: 'notice', ip: '127.0.0.1', sender: '' } as const
  const told = explain({ ...notice, story: formatStory({ because: 'Account stopped', findings: [] }) }, '7K2M9QXA')
  assert.match(told, /^ {2}Who +this server itself: Account stopped$/m)
  assert.doesNotMatch(told, /logged in|No rule/)
  const because = 'failed: a report on 8TGTWFBY'
  const report = explain({ ...notice, service: 'report', story: formatStory({ because, findings: [] }) }, '7K2M9QXA')
  assert.match(report, /^ {2}Who +this server itself: failed: a report on 8TGTWFBY$/m)
  assert.doesNotMatch(report, /logged in|No rule/)

  const story = formatStory({ rule: 'blocked', because: 'blocked by anna: guesses', findings: [] })
  const blocked = explain({ ...RECORD, service: 'admin', ip: '192.0.2.0/24', story }, '7K2M9QXA')
  assert.match(blocked, /^ {2}Who +192\.0\.2\.0\/24, from the moment on when an administrator blocked it$/m)
  assert.match(blocked, /^Why: blocked by anna: guesses\n.*by an administrator/m)
  assert.doesNotMatch(blocked, /logged in|No rule/)
})

test('every rule and every reason for a block has words for a layman', () => {
  const names = [...RULES.map(({ name }) => name), ...Object.values(EVIDENCE).map(({ reason }) => reason), 'sign-in']
  assert.deepEqual(
    names.filter((name) => formatPlainly(name).length !== 2),
    [],
  )
  assert.deepEqual(
    Object.keys(PLAIN_WORDS).filter((name) => !names.includes(name)),
    [],
  )
})

test('whatever a client said stays on its line, and whatever the story holds is told', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 60 })
  const lines = explain(RECORD, '7K2M9QXA').split('\n').length
  fc.assert(
    fc.property(hostile, hostile, hostile, (helo, sender, saw) => {
      const story = parseStory(RECORD.story)
      const findings = story.findings.map((finding) => ({ ...finding, saw }))
      const text = explain({ ...RECORD, sender, story: formatStory({ ...story, helo, findings }) }, '7K2M9QXA')
      assert.equal(text.split('\n').length, lines)
      assert.ok(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\n', '')))
    }),
    { numRuns: 50 },
  )
})

test('a story that cannot be read still gives a record', () => {
  for (const story of [
    '',
    'null',
    '[]',
    '{"findings":{}}',
    '{"findings":[null,1,{"stage":"x"}]}',
    '{"__proto__":{"helo":1}}',
  ]) {
    const text = explain({ ...RECORD, story }, '7K2M9QXA')
    assert.match(text, /refused for good/)
    assert.match(text, /No rule had been asked yet/)
  }
  fc.assert(fc.property(fc.json(), (json) => parseStory(json).findings.length >= 0))
})

test('a story is read back as it was written', () => {
  const story = parseStory(RECORD.story)
  assert.equal(story.helo, 'mx.far.example')
  assert.equal(story.tls, false)
  assert.equal(story.findings.length, 2)
})
