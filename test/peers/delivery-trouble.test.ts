/** Servers that refuse, hang up and dawdle at every stage (smtp-sink): what is for good comes back, what is for now waits. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunningPostern } from '../server.ts'
import { until } from '../until.ts'
import { startDelivering } from './delivery.ts'
import { sampleMessage, submitMail } from './mail.ts'
import { postfixSkip } from './servers/postfix.ts'
import { type RunningSmtpSink, startSmtpSink } from './servers/smtp-sink.ts'

type Fate = 'sent' | 'deferred' | 'bounced'

const CASES: readonly [name: string, flags: readonly string[], fate: Fate, said: RegExp][] = [
  ['takes everything', [], 'sent', /reply="250/],
  ['knows HELO only', ['-e'], 'sent', /reply="250/],
  ['has no PIPELINING', ['-p'], 'sent', /reply="250/],
  // The message has 8 bits: it is sent as it is.
  ['has no 8BITMIME', ['-8'], 'sent', /reply="250/],
  ['refuses connections for now', ['-r', 'connect'], 'deferred', /4\d\d/],
  ['refuses EHLO for good, and HELO not', ['-f', 'EHLO'], 'sent', /reply="250/],
  ['refuses MAIL for now', ['-r', 'MAIL'], 'deferred', /to MAIL/],
  ['refuses MAIL for good', ['-f', 'MAIL'], 'bounced', /to MAIL/],
  ['refuses RCPT for now', ['-r', 'RCPT'], 'deferred', /to RCPT/],
  ['refuses RCPT for good', ['-f', 'RCPT'], 'bounced', /to RCPT/],
  ['refuses DATA for now', ['-r', 'DATA'], 'deferred', /to DATA/],
  ['refuses DATA for good', ['-f', 'DATA'], 'bounced', /to DATA/],
  ['refuses the message for now', ['-r', '.'], 'deferred', /4\d\d/],
  ['refuses the message for good', ['-f', '.'], 'bounced', /5\d\d/],
  ['hangs up at MAIL', ['-q', 'MAIL'], 'deferred', /MAIL/],
  ['hangs up at RCPT', ['-q', 'RCPT'], 'deferred', /RCPT/],
  ['hangs up at DATA', ['-q', 'DATA'], 'deferred', /DATA/],
  ['hangs up after the message', ['-q', '.'], 'deferred', /message/],
  ['says 421 at RCPT and hangs up', ['-Q', 'RCPT'], 'deferred', /421/],
  ['says 421 after the message and hangs up', ['-Q', '.'], 'deferred', /421/],
  ['takes a second before each answer to DATA', ['-w', '1'], 'sent', /reply="250/],
  ['hangs up at QUIT', ['-q', 'QUIT'], 'sent', /reply="250/],
]

let server: RunningPostern
const sinks: RunningSmtpSink[] = []
before(async () => {
  if (postfixSkip !== false) return
  for (const [, flags] of CASES) sinks.push(await startSmtpSink(flags))
  const routes = sinks.map(({ port }, index) => ({ recipient: `*@case${index}.test`, host: '127.0.0.1', port }))
  // One try is enough to see: the next comes after the test.
  server = await startDelivering({ delivery: { routes }, queue: { retry: ['1h'] } })
})
after(async () => {
  await server?.stop()
  for (const sink of sinks) await sink.stop()
})

for (const [index, [name, flags, fate, said]] of CASES.entries()) {
  test(`a server that ${name}: ${fate}`, { skip: postfixSkip }, async () => {
    const to = `bob@case${index}.test`
    await submitMail(server.ports, sampleMessage(`case ${index}`, to), [to])
    const line = await until('what became of it', async () =>
      server
        .output()
        .split('\n')
        .find((one) => / mail (sent|deferred|bounced) /.test(one) && one.includes(`to=<${to}>`)),
    )
    assert.match(line, new RegExp(` mail ${fate} `), line)
    assert.match(line, said)
    // It counts what it has read, whatever it answers to that.
    assert.equal(sinks[index]?.count(), fate === 'sent' || flags.includes('.') ? 1 : 0)
  })
}
