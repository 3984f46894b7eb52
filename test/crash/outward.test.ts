import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallDiskMissing } from './full-disk.ts'
import type { Attempt } from './message.ts'
import { type Arrival, type Ending, settleOutward } from './outward-account.ts'
import { fillDiskOutward } from './outward-full-disk.ts'
import { type OutwardRound, runOutwardRounds } from './outward-rounds.ts'

const ROUNDS = 2
const seed = Math.floor(Math.random() * 1e9)

test(`ended ${2 * ROUNDS} times while mail goes out, nothing is lost, and repeated only what was under way at a kill`, async (t) => {
  t.diagnostic(`seed ${seed}: node test/crash/main.ts --outward ${ROUNDS} --seed ${seed}`)
  const rounds: OutwardRound[] = []
  await runOutwardRounds({ rounds: ROUNDS, seed, done: (round) => rounds.push(round) })
  assert.deepEqual(
    rounds.flatMap(({ findings }) => findings),
    [],
  )
  assert.equal(rounds.length, ROUNDS)
  assert.ok(
    rounds.some(({ acknowledged, arrived }) => acknowledged > 0 && arrived > 0),
    'no message went out: the rounds proved nothing',
  )
})

test('a disk that is full while mail goes out loses nothing and repeats nothing', {
  skip: smallDiskMissing() ?? false,
}, async () => {
  const full = await fillDiskOutward(seed)
  assert.deepEqual(full.findings, [])
  assert.ok(full.refused > 0, 'the disk never filled up')
  assert.ok(full.arrived > 0)
})

const ATTEMPT: Attempt = {
  id: '0-0-0',
  seed: 7,
  sizeBytes: 400,
  recipients: ['a@d1.test', 'b@d2.test'],
  by: 'DATA',
  reply: '250 2.0.0 Ok',
}

function came(recipient: string, life: number, transaction: number): Arrival {
  return { id: ATTEMPT.id, recipient, life, transaction }
}

test('the books of the way out find every way in which a delivery can go wrong', () => {
  const [a, b] = ATTEMPT.recipients as [string, string]
  const killed: readonly Ending[] = [{ signal: 'SIGKILL' }, { signal: 'SIGKILL' }]
  const ended: readonly Ending[] = [{ signal: 'SIGTERM' }]
  const refused = { ...ATTEMPT, reply: '452 4.3.1 Full' }
  const unanswered = { ...ATTEMPT, reply: undefined }
  const cases: readonly [string, Attempt, readonly Arrival[], readonly Ending[], RegExp | undefined][] = [
    ['all is well', ATTEMPT, [came(a, 0, 1), came(b, 1, 2)], killed, undefined],
    ['lost for one recipient', ATTEMPT, [came(a, 0, 1)], killed, /^LOST: .* to b@d2\.test/],
    ['again after a kill', ATTEMPT, [came(a, 0, 1), came(b, 0, 1), came(a, 1, 2), came(b, 1, 2)], killed, undefined],
    ['again, read in the wrong order', ATTEMPT, [came(a, 1, 2), came(a, 0, 1), came(b, 1, 3)], killed, undefined],
    ['again after a polite end', ATTEMPT, [came(a, 0, 1), came(b, 0, 2), came(b, 1, 3)], ended, /^doubled/],
    ['again in one life', ATTEMPT, [came(a, 0, 1), came(a, 0, 2), came(b, 0, 3)], killed, /^doubled/],
    ['again in the last life', ATTEMPT, [came(a, 2, 1), came(a, 2, 2), came(b, 2, 3)], killed, /^doubled/],
    [
      'more than were under way',
      ATTEMPT,
      [came(a, 0, 1), came(b, 0, 2), came(a, 1, 3), came(b, 1, 4)],
      killed,
      /^doubled: 2 trans/,
    ],
    ['refused yet sent', refused, [came(a, 0, 1)], killed, /^sent though refused/],
    ['in flight and sent', unanswered, [came(a, 0, 1), came(b, 0, 1)], killed, undefined],
    ['in flight and gone', unanswered, [], killed, undefined],
  ]
  for (const [name, attempt, arrivals, endings, finding] of cases) {
    const { findings } = settleOutward([attempt], arrivals, endings, 1)
    if (finding === undefined) assert.deepEqual(findings, [], name)
    else assert.match(findings[0] ?? '', finding, name)
  }
})
