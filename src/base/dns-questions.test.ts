import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from './clock.ts'
import { DnsQuestions, type Kept } from './dns-questions.ts'

const OPTIONS = { servers: ['192.0.2.53'], timeoutMs: 1_000, cacheSize: 10_000 }
const FOUND: Kept<string> = { outcome: { is: 'found', records: ['x'] }, keepMs: 60_000 }

/** Questions that are answered when the test says so. */
function asking(mostInLine: number) {
  const clock = new ManualClock()
  const ends: (() => void)[] = []
  let most = 0
  let now = 0
  const questions = new DnsQuestions<undefined>(OPTIONS, { open: async () => undefined, close() {} }, clock, mostInLine)
  function ask(name: string) {
    return questions.ask('MX', name, () => {
      now++
      most = Math.max(most, now)
      return new Promise<Kept<string>>((resolve) => {
        ends.push(() => {
          now--
          resolve(FOUND)
        })
      })
    })
  }
  return { clock, ends, ask, most: () => most }
}

test('who stands in line has its turn, 500 are asked at once, and the wait in line is not held against the servers', async () => {
  const { clock, ends, ask, most } = asking(1_000)
  const answers = Array.from({ length: 1_400 }, (_, at) => ask(`a${at}.example`))
  assert.equal(ask('a1399.example'), answers.at(-1), 'the same question has the same place')
  for (let ended = 0; ended < answers.length; ended++) {
    if (ended % 500 === 0) clock.advance(999)
    ends[ended]?.()
    await answers[ended]
  }
  assert.deepEqual(new Set((await Promise.all(answers)).map(({ is }) => is)), new Set(['found']))
  assert.equal(most(), 500)
})

test('when the line is full, the rest are told so at once', async () => {
  const { ask } = asking(10)
  const answers = Array.from({ length: 512 }, (_, at) => ask(`a${at}.example`))
  const refused = await Promise.all(answers.slice(510))
  assert.deepEqual(
    refused.map((answer) => answer.is === 'unknown' && answer.because),
    Array(2).fill('too many DNS questions under way'),
  )
})
