import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError } from './command.ts'
import { formatBytes, formatSpan, parseSpan } from './quantities.ts'

const SPANS: readonly (readonly [spanMs: number, text: string])[] = [
  [0, '0s'],
  [-5, '0s'],
  [499, '0s'],
  [59_000, '59s'],
  [60_000, '1m'],
  [61_000, '1m 1s'],
  [3_600_000, '1h'],
  [3_601_000, '1h'],
  [4_800_000, '1h 20m'],
  [86_400_000 * 7 + 3_600_000 * 5 + 61_000, '7d 5h'],
  [86_400_000 + 59_000, '1d'],
]

for (const [spanMs, text] of SPANS) {
  test(`${spanMs} ms is told as ${text}`, () => assert.equal(formatSpan(spanMs), text))
}

test('a span that an option gives is read as the settings write it', () => {
  assert.equal(parseSpan(undefined, '--for'), undefined)
  assert.equal(parseSpan('90s', '--for'), 90_000)
  assert.equal(parseSpan('2d', '--for'), 172_800_000)
  for (const wrong of ['', '0s', '5', '1 h', '-1h', '1w', '1.5h', '999ms']) {
    assert.throws(() => parseSpan(wrong, '--for'), CommandError, wrong)
  }
})

test('bytes are told exactly where a unit divides them', () => {
  assert.equal(formatBytes(25 * 1024 ** 2), '25MB')
  assert.equal(formatBytes(1234), '1234B')
  assert.equal(formatBytes(1_234_567), '1.2MB')
})
