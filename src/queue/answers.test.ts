import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Answer, addAnswer, formatStory, parseAnswers, parseStory, STORY_BYTES } from './answers.ts'
import { HOP, troubleOf } from './testing.ts'

test('the last five answers are kept, oldest first, and read back as they were', () => {
  let answers: string | undefined
  for (let at = 1; at <= 7; at++) answers = addAnswer(answers, troubleOf({ because: `try ${at}` }), at)
  assert.deepEqual(
    parseAnswers(answers).map(({ atMs }) => atMs),
    [3, 4, 5, 6, 7],
  )
  assert.deepEqual(parseAnswers(addAnswer(undefined, troubleOf({ because: 'full' }), 5)), [
    {
      atMs: 5,
      is: 'deferred',
      status: '4.0.0',
      because: 'full',
      stage: 'rcpt',
      reply: { code: 450, text: 'later' },
      hop: HOP,
    },
  ])
})

test('a story is read back as it was', () => {
  const story = { tries: 2, is: 'failed', status: '5.1.1', because: 'x', stage: 'rcpt', hop: HOP } as const
  assert.deepEqual(parseStory(formatStory(story)), story)
})

test('what is no list of answers is none, and no story none', () => {
  for (const text of ['', 'null', '{', '{}', '3', '[null, 3, "x", {}]']) {
    assert.deepEqual(parseAnswers(text), [], text)
    assert.equal(parseStory(text), undefined, text)
  }
  assert.deepEqual(parseAnswers(undefined), [])
})

test('whatever the other side says, it fits, and the newest answer is there', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc.constantFrom('\u0000'.repeat(500), '\u{1f4ec}'.repeat(250), '"'.repeat(500), '\ud800'.repeat(500)),
  )
  const trouble = fc.record({ text, because: text, host: text, status: text }).map(({ text, because, host, status }) =>
    troubleOf({
      because,
      status,
      reply: { code: 451, status, text },
      hop: { host, ip: '2001:db8::1', port: 25, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' } },
    }),
  )
  fc.assert(
    fc.property(fc.array(trouble, { minLength: 1, maxLength: 7 }), (troubles) => {
      let answers: string | undefined
      for (const [at, trouble] of troubles.entries()) {
        answers = addAnswer(answers, trouble, at)
        assert.ok(Buffer.byteLength(answers) <= STORY_BYTES)
        assert.equal(parseAnswers(answers).at(-1)?.atMs, at)
      }
      const before: readonly Answer[] = parseAnswers(answers)
      const { scope, ...last } = troubles[0] ?? troubleOf({})
      const story = formatStory({ tries: 7, ...last, before })
      assert.ok(Buffer.byteLength(story) <= STORY_BYTES)
      assert.equal(parseStory(story)?.tries, 7)
    }),
    { numRuns: 300 },
  )
})
