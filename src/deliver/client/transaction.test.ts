import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import type { Outcome } from '#queue/contract.ts'
import { NO_CAPABILITIES } from '#smtp/capabilities.ts'
import { SmtpConversation } from './conversation.ts'
import { envelopeOf } from './testing.ts'
import type { Line } from './transaction.ts'
import { Wire } from './wire.ts'

const HOP = { host: 'mx.far.example', ip: '192.0.2.1', port: 25 }
const ENVELOPE = envelopeOf(undefined, {
  recipients: ['x', 'y', 'z'].map((name) => ({ recipient: `${name}@far.example` })),
})

/** A line to a server that answers all at once, whatever it is told, and closes. */
function lineTo(answers: string | Buffer, can: Partial<Line['can']>, protocol: Line['protocol'] = 'smtp'): Line {
  const [ours, theirs] = duplexPair()
  theirs.resume()
  theirs.on('error', () => {})
  // Answers that lie there before anything is asked would be out of step.
  theirs.once('data', () => theirs.end(answers))
  const wire = new Wire(ours as unknown as Socket, new ManualClock())
  return { wire, hop: HOP, protocol, can: { ...NO_CAPABILITIES, ...can }, isBroken: false, isUnfinished: false }
}

const code = fc.constantFrom(200, 250, 251, 354, 421, 450, 452, 550, 552, 554)

describe('a transaction, whatever is answered', () => {
  test('PIPELINING and CHUNKING: delivered is what was taken at every step, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(code, { minLength: 5, maxLength: 5 }), async (codes) => {
        const [mail = 0, x = 0, y = 0, z = 0, end = 0] = codes
        const line = lineTo(codes.map((number) => `${number} text\r\n`).join(''), { pipelining: true, chunking: true })
        const outcomes = await new SmtpConversation(line).send(ENVELOPE)
        const wanted = [x, y, z].map((rcpt) => [mail, rcpt, end].every((number) => number < 300))
        assert.deepEqual(
          outcomes.map(({ is }) => is === 'delivered'),
          wanted,
        )
        for (const outcome of outcomes) assertSound(outcome)
      }),
      { numRuns: 300 },
    )
  })

  test('LMTP: each recipient that was taken has an answer of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(250, 450, 550), { minLength: 3, maxLength: 3 }),
        fc.array(fc.constantFrom(250, 450, 550), { minLength: 3, maxLength: 3 }),
        async (rcpts, ends) => {
          const taken = rcpts.filter((number) => number === 250).length
          const after = taken === 0 ? [503] : ends.slice(0, taken)
          const codes = [250, ...rcpts, ...after]
          const answers = codes.map((number) => `${number} text\r\n`).join('')
          const line = lineTo(answers, { pipelining: true, chunking: true }, 'lmtp')
          const outcomes = await new SmtpConversation(line).send(ENVELOPE)
          const left = [...after]
          const wanted = rcpts.map((rcpt) => kindOf(rcpt === 250 ? (left.shift() as number) : rcpt))
          assert.deepEqual(
            outcomes.map(({ is }) => is),
            wanted,
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  test('any octets: an end, an outcome for each, and nothing delivered without three digits that say so', async () => {
    const part = fc.constantFrom(
      '250 ok\r\n',
      '354 go\r\n',
      '550 5.1.1 no\r\n',
      '421 bye\r\n',
      '250-',
      '\r\n',
      '\n',
      '2',
      '\0',
      '250',
      'x',
      ' ',
      '-',
    )
    const can = fc.record({ pipelining: fc.boolean(), chunking: fc.boolean(), dsn: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 15 }),
        can,
        fc.constantFrom('smtp', 'lmtp'),
        async (parts, offers, protocol) => {
          const answers = parts.join('')
          const line = lineTo(answers, offers, protocol)
          const conversation = new SmtpConversation(line)
          const outcomes = await conversation.send(ENVELOPE)
          assert.equal(outcomes.length, 3)
          for (const outcome of outcomes) assertSound(outcome)
          if (outcomes.some(({ is }) => is === 'delivered')) assert.ok((answers.match(/250/g)?.length ?? 0) >= 3)
          conversation.close()
          assert.equal(conversation.isOpen, false)
        },
      ),
      { numRuns: 300 },
    )
  })
})

function kindOf(number: number): Outcome['is'] {
  return number < 300 ? 'delivered' : number < 500 ? 'deferred' : 'failed'
}

function assertSound(outcome: Outcome): void {
  if (!('scope' in outcome)) return
  assert.match(outcome.status, outcome.is === 'failed' ? /^5\.\d+\.\d+$/ : /^4\.\d+\.\d+$/)
  assert.match(outcome.because, /^(mx\.far\.example|The )/)
}
