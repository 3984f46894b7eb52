import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNumber, formatTable, median, spread } from './statistics.ts'

test('the median is the middle, or half way between the two', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(median([7]), 7)
  assert.throws(() => median([]), /no values/)
})

test('noise is the distance of the extremes over the median', () => {
  assert.equal(spread([90, 100, 120]), 0.3)
  assert.equal(spread([5]), 0)
})

test('numbers are written with three digits that count', () => {
  assert.deepEqual([0.3256, 12.34, 4567.8, 1_234_567].map(formatNumber), ['0.33', '12.3', '4,570', '1,230,000'])
})

test('a table lines up its columns', () => {
  assert.equal(
    formatTable(
      ['what', 'who'],
      [
        ['a', 'longer'],
        ['bcdef', 'x'],
      ],
    ),
    'what      who\n-----  ------\na      longer\nbcdef       x',
  )
})
