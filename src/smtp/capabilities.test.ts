import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from './capabilities.ts'

const ROWS: readonly (readonly [name: string, lines: readonly string[], found: Partial<Capabilities>])[] = [
  ['nothing', ['mx.far.example'], {}],
  ['the first line is a name, whatever it says', ['PIPELINING'], {}],
  [
    'what Postfix says',
    [
      'mx',
      'PIPELINING',
      'SIZE 10240000',
      'ETRN',
      'STARTTLS',
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'DSN',
      'SMTPUTF8',
      'CHUNKING',
    ],
    {
      pipelining: true,
      size: true,
      maxBytes: 10_240_000,
      startTls: true,
      eightBit: true,
      dsn: true,
      smtputf8: true,
      chunking: true,
    },
  ],
  [
    'letter case does not count',
    ['mx', 'pipelining', 'Auth plain Login'],
    { pipelining: true, mechanisms: ['PLAIN', 'LOGIN'] },
  ],
  [
    'the old form of AUTH beside the new',
    ['mx', 'AUTH=LOGIN PLAIN', 'AUTH CRAM-MD5 LOGIN'],
    { mechanisms: ['LOGIN', 'PLAIN', 'CRAM-MD5'] },
  ],
  ['SIZE without a number', ['mx', 'SIZE'], { size: true }],
  ['SIZE 0 is no limit', ['mx', 'SIZE 0'], { size: true }],
  ['a size that is none', ['mx', 'SIZE 10M'], { size: true }],
  ['a size beyond all numbers', ['mx', 'SIZE 99999999999999999999'], { size: true }],
  ['REQUIRETLS', ['mx', 'REQUIRETLS'], { requireTls: true }],
  ['blanks at the end', ['mx', 'DSN  '], { dsn: true }],
  ['what merely begins like one', ['mx', 'DSN2', 'PIPELININGS'], {}],
  [
    'names of every object',
    ['mx', '__proto__', 'constructor', 'AUTH __proto__ constructor'],
    { mechanisms: ['__PROTO__', 'CONSTRUCTOR'] },
  ],
]

describe('capabilities', () => {
  for (const [name, lines, found] of ROWS) {
    test(name, () => assert.deepEqual(parseCapabilities(lines), { ...NO_CAPABILITIES, ...found }))
  }

  test('long runs of blanks take no time', () => {
    // As much as an answer may hold.
    const lines = Array.from({ length: 32 }, () => `A${'='.repeat(2000)}\rx`)
    const beganMs = performance.now()
    parseCapabilities(['mx', ...lines])
    assert.ok(performance.now() - beganMs < 20)
  })

  test('any lines are read', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => parseCapabilities(lines).mechanisms.length <= 50),
      { numRuns: 200 },
    )
  })
})
