import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settleAccount } from './account.ts'
import { fillDisk, smallDiskMissing } from './full-disk.ts'
import { type Attempt, messageBytes } from './message.ts'
import { type Round, runRounds } from './rounds.ts'

const ROUNDS = 3
const seed = Math.floor(Math.random() * 1e9)

test(`killed ${ROUNDS} times under load, nothing acknowledged is lost, changed or doubled`, async (t) => {
  t.diagnostic(`seed ${seed}: node test/crash/main.ts ${ROUNDS} --seed ${seed}`)
  const rounds: Round[] = []
  await runRounds({ rounds: ROUNDS, seed, done: (round) => rounds.push(round) })
  assert.deepEqual(
    rounds.flatMap(({ findings }) => findings),
    [],
  )
  assert.equal(rounds.length, ROUNDS)
  assert.ok(
    rounds.some(({ acknowledged }) => acknowledged > 0),
    'no message was acknowledged: the rounds proved nothing',
  )
})

test('a full disk is answered 452, loses nothing, and with space comes service', {
  skip: smallDiskMissing() ?? false,
}, async () => {
  const full = await fillDisk(seed)
  assert.deepEqual(full.findings, [])
  assert.ok(full.acknowledged > 0)
  assert.ok(full.refusals.length > 0, 'the disk never filled up')
  for (const reply of full.refusals) assert.match(reply, /^452 4\.3\.1 /)
  assert.match(full.afterwards, /^250 /)
})

const ATTEMPT: Attempt = {
  id: '0-0-0',
  seed: 7,
  sizeBytes: 400,
  recipients: ['a@example.test', 'b@example.test'],
  by: 'DATA',
  reply: '250 2.0.0 Ok',
}
const TRACE = 'Return-Path: <load@far.example>\r\nReceived: from far.example\r\n\tby mail.example.test\r\n'

/** The mailboxes of a and b with these messages. */
function mailboxes(a: readonly Buffer[], b: readonly Buffer[]): ReadonlyMap<string, readonly Buffer[]> {
  return new Map([
    ['a@example.test', a],
    ['b@example.test', b],
  ])
}

test('the books find every way in which a message can go wrong', () => {
  const whole = Buffer.concat([Buffer.from(TRACE), messageBytes(ATTEMPT)])
  const changed = Buffer.from(whole)
  changed[whole.length - 10] = 0x01
  const unanswered = { ...ATTEMPT, reply: undefined }
  const refused = { ...ATTEMPT, reply: '452 4.3.1 Full' }
  const foreign = Buffer.from(`${TRACE}X-Crash-Id: 9-9-9\r\n\r\n`)
  const cases: readonly [string, Attempt, ReadonlyMap<string, readonly Buffer[]>, RegExp | undefined][] = [
    ['all is well', ATTEMPT, mailboxes([whole], [whole]), undefined],
    ['lost in one mailbox', ATTEMPT, mailboxes([whole], []), /^LOST/],
    ['changed', ATTEMPT, mailboxes([whole], [changed]), /^CHANGED/],
    ['cut short', ATTEMPT, mailboxes([whole], [whole.subarray(0, -2)]), /^CHANGED/],
    ['doubled', ATTEMPT, mailboxes([whole, whole], [whole]), /^doubled/],
    ['in flight and there', unanswered, mailboxes([whole], [whole]), undefined],
    ['in flight and gone', unanswered, mailboxes([], []), undefined],
    ['in flight and torn', unanswered, mailboxes([whole], []), /^torn/],
    ['refused yet there', refused, mailboxes([whole], [whole]), /^kept though refused/],
    ['of another round', ATTEMPT, mailboxes([whole, foreign], [whole]), /^foreign/],
    ['with a second trace', ATTEMPT, mailboxes([whole], [Buffer.concat([Buffer.from(TRACE), whole])]), /^trace/],
  ]
  for (const [name, attempt, found, finding] of cases) {
    const { findings } = settleAccount([attempt], found)
    if (finding === undefined) assert.deepEqual(findings, [], name)
    else assert.match(findings[0] ?? '', finding, name)
  }
})
