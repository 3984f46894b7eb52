import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaults, readersOf } from '#gate/testing.ts'
import { explainTrial } from './explain-trial.ts'
import { type Hypothetical, readRecipient, readSender, tryOut } from './try.ts'

const ASKED: Hypothetical = {
  service: 'smtp',
  ip: '198.51.100.7',
  tls: false,
  sender: 'someone@far.example',
  recipients: ['anna@here.example'],
}

const readers = readersOf({
  senderOwner: ({ sender = '' }) =>
    sender.endsWith('@here.example') ? { is: 'local', own: true } : { is: 'elsewhere' },
  destination: ({ recipient = '' }) => {
    if (recipient.endsWith('@far.example')) return { is: 'external', domain: 'far.example' }
    return recipient.startsWith('nobody@') ? { is: 'nobody' } : { is: 'local', full: false }
  },
})

const ROWS: readonly (readonly [name: string, more: Partial<Hypothetical>, outcome: string, reply: RegExp])[] = [
  ['a stranger may write to a local user', {}, 'accepted', /^250 2\.0\.0 /],
  ['a stranger may not relay', { recipients: ['x@far.example'] }, 'refused', /^550 5\.7\.1 Relaying/],
  [
    'who is logged in may relay',
    { sender: 'anna@here.example', recipients: ['x@far.example'], user: 'anna@here.example' },
    'accepted',
    /^250/,
  ],
  ['an unknown recipient is refused', { recipients: ['nobody@here.example'] }, 'refused', /^550 5\.1\.1/],
  ['some of several recipients', { recipients: ['anna@here.example', 'x@far.example'] }, 'partly', /^250 2\.0\.0/],
  ['a client that cannot wait', { talkedEarly: true }, 'refused', /^554 5\.5\.0 You talked/],
  ['a stranger as one of us', { sender: 'anna@here.example' }, 'refused', /^550 5\.7\.1/],
  ['a user as somebody else', { user: 'anna@here.example' }, 'refused', /^55\d /],
  ['a login that fails takes nothing from who writes to us', { failedLogin: 'anna' }, 'accepted', /^250 2\.0\.0/],
  ['too large a message', { message: { sizeBytes: 1e9, hops: 0 } }, 'refused', /^552 5\.3\.4/],
  ['too many hops', { message: { sizeBytes: 100, hops: 101 } }, 'refused', /^554 5\.4\.6/],
  ['a submission without a login', { service: 'submission' }, 'refused', /^530 5\.7\.0/],
]

for (const [name, more, outcome, reply] of ROWS) {
  test(`try: ${name}`, async () => {
    const asked = { ...ASKED, ...more }
    const trial = await tryOut(asked, readers, defaults())
    assert.equal(trial.outcome, outcome)
    assert.match(trial.stages.findLast(({ reply }) => reply !== undefined)?.reply ?? '', reply)
    const text = explainTrial(asked, trial)
    for (const { findings } of trial.stages) for (const { rule } of findings) assert.ok(text.includes(rule), rule)
  })
}

test('try: a supposed POP3 login opens the way when the setting does', async () => {
  const asked = { ...ASKED, recipients: ['x@far.example'], popBeforeMinutes: 5 }
  const on = defaults({ relay: { ...defaults().relay, popBeforeSmtp: { enabled: true, minutes: 10 } } })
  assert.equal((await tryOut(asked, readers, on)).outcome, 'accepted')
  assert.equal((await tryOut({ ...asked, popBeforeMinutes: 11 }, readers, on)).outcome, 'refused')
  assert.equal((await tryOut(asked, readers, defaults())).outcome, 'refused')
})

test('try: a fact that cannot be found out puts the message off', async () => {
  const broken = readersOf({ destination: () => Promise.reject(new Error('the disk is away')) })
  const trial = await tryOut(ASKED, broken, defaults())
  assert.equal(trial.outcome, 'deferred')
  assert.match(explainTrial(ASKED, trial), /the disk is away/)
})

test('try: what would be counted, and what would follow, is told and said', async () => {
  const guessing = readersOf({
    ...readers,
    evidence: ({ ip }) => [{ network: ip, count: 11, times: 1 }],
  })
  const asked = { ...ASKED, recipients: ['nobody@here.example', 'anna@here.example'] }
  const trial = await tryOut(asked, guessing, defaults())
  assert.equal(trial.outcome, 'deferred')
  // The block ends the session: the second recipient is never asked for.
  assert.deepEqual(
    trial.stages.filter(({ stage }) => stage === 'recipient').map(({ of }) => of),
    ['nobody@here.example'],
  )
  const text = explainTrial(asked, trial)
  assert.match(text, /11 unknown recipients from 198.51.100.7 with this one \(limits.unknownRecipients\)/)
  assert.match(text, /198.51.100.7 would be blocked for 1h, longer if it was blocked within a week before/)
  assert.match(text, /421 4.7.1 /)
})

test('try: a count that goes up several times is told once, as it stands in the end; no count is no heading', async () => {
  let count = 0
  const counting = readersOf({ ...readers, evidence: ({ ip }) => [{ network: ip, count: ++count, times: 1 }] })
  const asked = { ...ASKED, recipients: ['nobody@here.example', 'nobody@here.example'] }
  const text = explainTrial(asked, await tryOut(asked, counting, defaults()))
  assert.equal(text.match(/unknown recipients from 198\.51\.100\.7 with this one/g)?.length, 1, text)

  const loggedIn = { ...ASKED, user: 'anna@here.example', sender: 'x@far.example' }
  assert.doesNotMatch(
    explainTrial(loggedIn, await tryOut(loggedIn, readersOf({ ...readers, evidence: () => [] }), defaults())),
    /would count/,
  )
})

test('try: an account that would be frozen, and a message that would be thrown away', async () => {
  const account = readersOf({ ...readers, accountNetworks: () => 51 })
  const asked = { ...ASKED, sender: 'anna@here.example', user: 'anna@here.example' }
  const frozen = await tryOut(asked, account, defaults())
  assert.equal(frozen.outcome, 'deferred')
  assert.match(
    explainTrial(asked, frozen),
    /The account anna@here.example would be frozen until an administrator releases it/,
  )

  const flood = readersOf({ ...readers, messageTaken: ({ ip }) => [{ network: ip, count: 501, times: 1 }] })
  const discarded = await tryOut(ASKED, flood, defaults({ rules: { messagesPerHour: { action: 'discard' } } }))
  assert.equal(discarded.outcome, 'discarded')
  assert.match(explainTrial(ASKED, discarded), /taken and thrown away/)
})

test('try: a block that stands is told with its own reference', async () => {
  const block = { network: '198.51.100.0/24', reason: 'by-hand', evidence: 'spam', ref: '7K2M9QXA' }
  const trial = await tryOut(ASKED, readersOf({ block: () => block }), defaults())
  assert.equal(trial.outcome, 'refused')
  assert.match(trial.stages.findLast(({ reply }) => reply !== undefined)?.reply ?? '', /\[ref 7K2M9QXA\]$/)
})

test('try: what was typed cannot fake a line', async () => {
  const asked = { ...ASKED, recipients: ['a\n250 fake@here.example'] }
  const text = explainTrial(asked, await tryOut(asked, readers, defaults()))
  assert.ok(!text.includes('\n250 fake'), text)
})

test('addresses are read as a session reads them', () => {
  assert.equal(readSender(''), '')
  assert.equal(readSender('<>'), '')
  assert.equal(readSender('a@b.example'), 'a@b.example')
  assert.equal(readRecipient('<a@b.example>'), 'a@b.example')
  for (const text of ['', 'a@', 'a b@c.example', 'a@b.example> SIZE=1', '<a@b.example> NOTIFY=NEVER', 'a\r\n@b']) {
    assert.equal(readRecipient(text), undefined, text)
  }
})
