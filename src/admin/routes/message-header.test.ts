import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readHeader } from './message-header.ts'

test('the header is read, and nothing behind it', async () => {
  const rows: readonly [string, readonly string[]][] = [
    ['From: a\r\nTo: b\r\n\r\nFrom: the body\r\n', ['From: a', 'To: b']],
    ['Subject: a\r\n\tlong\r\n  one\r\n\r\n', ['Subject: a long one']],
    ['\r\n\r\n', []],
    ['', []],
    ['no header at all', ['no header at all']],
    ['From: a\r\n', ['From: a']],
    ['Subject: Grüße\r\n\r\n', ['Subject: Grüße']],
  ]
  for (const [text, fields] of rows)
    assert.deepEqual(await readHeader([Buffer.from(text)]), { fields, cut: false }, text)
})

test('a message without a header has no field, though its body looks like some', async () => {
  assert.deepEqual(await readHeader([Buffer.from('\r\nFrom: the body\r\n\r\nmore')]), { fields: [], cut: false })
})

test('whatever the pieces, the header is the same', async () => {
  const whole = Buffer.from('From: a\r\nSubject: x\r\n y\r\n\r\nbody\r\n\r\nmore')
  const wanted = await readHeader([whole])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 6 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
      const pieces = places.slice(1).map((end, index) => whole.subarray(places[index], end))
      assert.deepEqual(await readHeader(pieces), wanted)
    }),
    { numRuns: 100 },
  )
})

test('a header without an end is cut, and no more of the message is read', async () => {
  let read = 0
  function* endless() {
    for (;;) {
      read += 1
      yield Buffer.from(`X-${read}: ${'x'.repeat(10_000)}\r\n`)
    }
  }
  const { fields, cut } = await readHeader(endless())
  assert.equal(cut, true)
  assert.ok(read < 10)
  assert.ok(fields.every((field) => field.length <= 1001))

  const many = await readHeader([Buffer.from(`${'X: y\r\n'.repeat(5000)}\r\n`)])
  assert.equal(many.fields.length, 200)
  assert.equal(many.cut, true)
})
