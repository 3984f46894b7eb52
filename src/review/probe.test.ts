import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '#base/clock.ts'
import { World } from '#receive/testing.ts'
import { type ProbeOptions, probe } from './probe.ts'
import { probeAddress, relayAttempts } from './probe-attempts.ts'

const OPTIONS: ProbeOptions = { from: '198.51.100.254', hostname: 'mail.here.example', localDomain: 'here.example' }
const MOST_STEPS = [...relayAttempts({ hostname: 'a.example', localDomain: 'b.example' })].length

/** A server whose answers come from a function: a text to say, `undefined` to hang up. */
function serving(answer: (line: string) => string | undefined, greeting = '220 mail\r\n'): () => Promise<Duplex> {
  return async () => {
    const [theirs, ours] = duplexPair()
    let unread = ''
    ours.write(greeting)
    ours.on('data', (chunk: Buffer) => {
      unread += chunk.toString('latin1')
      for (let end = unread.indexOf('\r\n'); end !== -1; end = unread.indexOf('\r\n')) {
        const said = answer(unread.slice(0, end))
        unread = unread.slice(end + 2)
        if (said === undefined) ours.end()
        else if (ours.writable) ours.write(said)
      }
    })
    ours.on('error', () => {})
    return theirs
  }
}

const isRcpt = (line: string) => /^rcpt/i.test(line)

test('a server that takes nothing is asked everything, and relays nothing', async () => {
  const lines: string[] = []
  const steps = await probe(
    serving((line) => {
      lines.push(line)
      return isRcpt(line) ? '550 5.7.1 no\r\n' : '250-a\r\n250 ok\r\n'
    }),
    OPTIONS,
  )
  assert.equal(steps.length, MOST_STEPS)
  assert.deepEqual(
    steps.filter(({ relayed }) => relayed),
    [],
  )
  assert.ok(lines.every((line) => !/^(data|bdat)/i.test(line)))
  assert.ok(
    lines.filter(isRcpt).every((line) => /\.invalid/i.test(line) || line.includes('203.0.113.254')),
    lines.join('\n'),
  )
  assert.equal(lines.filter((line) => line === 'RSET').length, MOST_STEPS)
})

test('an open relay is found by every way, and a half-open one by its own', async () => {
  const all = await probe(
    serving(() => '250 ok\r\n'),
    OPTIONS,
  )
  assert.ok(all.every(({ relayed }) => relayed))
  const percent = await probe(
    serving((line) => (isRcpt(line) && !line.includes('%') ? '550 no\r\n' : '250 ok\r\n')),
    OPTIONS,
  )
  const found = percent.filter(({ relayed }) => relayed)
  assert.ok(found.length > 0)
  assert.ok(found.every(({ said }) => said.includes('%')))
})

test('an address that looks local and is kept here is no relay', async () => {
  const steps = await probe(
    serving((line) => (isRcpt(line) && !line.endsWith('@here.example>') ? '550 no\r\n' : '250 ok\r\n')),
    { ...OPTIONS, endsHere: (address) => address.endsWith('@here.example') },
  )
  assert.deepEqual(
    steps.filter(({ relayed }) => relayed),
    [],
  )
  assert.ok(steps.some(({ answered }) => answered.includes('kept here')))
})

test('the sender refused is told as such', async () => {
  const steps = await probe(
    serving((line) => (/^mail/i.test(line) ? '550 no\r\n' : '250 ok\r\n')),
    OPTIONS,
  )
  assert.match(steps[0]?.answered ?? '', /550 no \(to the sender\)/)
  // Only the recipient without a sender was asked for itself.
  assert.equal(steps.filter(({ relayed }) => relayed).length, 1)
})

const CLOSED: readonly [string, () => Promise<Duplex>, RegExp][] = [
  ['nobody listens', () => Promise.reject(new Error('connect ECONNREFUSED')), /ECONNREFUSED/],
  ['it refuses at once', serving(() => undefined, '554 5.7.1 go away\r\n'), /554 5.7.1 go away/],
  ['it hangs up at EHLO', serving(() => undefined), /closed the connection/],
  ['it speaks another language', serving(() => 'HTTP/1.1 400\r\n', 'HTTP/1.1 400\r\n'), /no SMTP reply/],
  ['it never ends a line', serving(() => undefined, 'x'.repeat(100_000)), /without an end/],
]

for (const [name, connect, says] of CLOSED) {
  test(`closed: ${name}`, async () => {
    const steps = await probe(connect, OPTIONS)
    assert.equal(steps.length, 1)
    assert.match(steps[0]?.answered ?? '', says)
    assert.equal(steps[0]?.relayed, false)
  })
}

test('a server that ends the session with each refusal is still asked everything', async () => {
  const steps = await probe(
    serving((line) => (isRcpt(line) ? '421 bye\r\n' : line === 'RSET' ? undefined : '250 ok\r\n')),
    OPTIONS,
  )
  assert.equal(steps.length, MOST_STEPS)
})

test('a server that says nothing is waited for only so long', async () => {
  const clock = new ManualClock()
  const asked = probe(
    serving(() => '', ''),
    { ...OPTIONS, clock },
  )
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(15_000)
  const steps = await asked
  assert.match(steps[0]?.answered ?? '', /no reply in time/)
})

test('no server hangs the probe, or makes it say more than a line', async () => {
  const reply = fc.oneof(
    fc.constantFrom(
      '250 ok\r\n',
      '250-a\r\n250 b\r\n',
      '550 no\r\n',
      '421 bye\r\n',
      undefined,
      '250\r\n',
      '25\r\n',
      '250-\r\n\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `${text}\r\n`),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 12 }), async (replies) => {
      let at = 0
      const steps = await probe(
        serving(() => replies[at++ % replies.length]),
        OPTIONS,
      )
      assert.ok(steps.length <= MOST_STEPS + 1)
      for (const { said, answered } of steps) assert.ok(!/[\r\n]/.test(said + answered))
    }),
    { numRuns: 150 },
  )
})

test('the probe comes from an address that nobody trusts', () => {
  assert.equal(
    probeAddress(() => false),
    '198.51.100.254',
  )
  assert.equal(
    probeAddress((ip) => !ip.includes(':')),
    '2001:db8::254',
  )
  assert.equal(
    probeAddress((ip) => ip.endsWith('254')),
    '198.51.100.77',
  )
  assert.equal(
    probeAddress(() => true),
    undefined,
  )
})

test('the server itself relays nothing to the probe, and everything when it is open', async () => {
  const connectTo = (world: World) => async () => world.connect({}, { ip: OPTIONS.from }).socket
  const closed = new World({ settings: { session: { tarpit: 0 } } })
  const refused = await probe(connectTo(closed), OPTIONS)
  assert.equal(refused.length, MOST_STEPS)
  assert.deepEqual(
    refused.filter(({ relayed }) => relayed),
    [],
  )
  assert.ok(refused.some(({ answered }) => answered.startsWith('550 5.7.1')))

  const open = new World({ settings: { relay: { mode: 'open' }, session: { tarpit: 0 } } })
  const taken = await probe(connectTo(open), OPTIONS)
  assert.ok(taken.some(({ said, relayed }) => relayed && said.includes('RCPT TO:<postern-probe@relay-probe.invalid>')))
  assert.equal(open.kept.length, 0)
})
