/** Mail through this server between two Postfixes arrives byte for byte; so does what they would not send. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type MailSink, startMailSink } from '../mail-sink.ts'
import type { RunningPostern } from '../server.ts'
import { until } from '../until.ts'
import { belowServers, startDelivering } from './delivery.ts'
import { putMail, submitMail } from './mail.ts'
import { postfixSkip, type RunningPostfix, startPostfix } from './servers/postfix.ts'

/** Client → Postfix → Postern → Postfix → a sink that keeps every byte. */
let sink: MailSink
let far: RunningPostfix
let server: RunningPostern
let near: RunningPostfix
/** What this server alone sends out. */
let straight: MailSink
before(async () => {
  if (postfixSkip !== false) return
  straight = await startMailSink()
  sink = await startMailSink()
  // Otherwise Postfix itself breaks lines of more than 998 octets.
  const settings = { smtp_line_length_limit: '0' }
  far = await startPostfix({ hostname: 'far.test', nextPort: sink.port, settings })
  server = await startDelivering({
    delivery: {
      routes: [
        { recipient: '*@between.test', host: '127.0.0.1', port: far.port },
        { recipient: '*@straight.test', host: '127.0.0.1', port: straight.port },
      ],
    },
  })
  near = await startPostfix({ hostname: 'near.test', nextPort: server.ports.smtp, settings })
})
after(async () => {
  await near?.stop()
  await server?.stop()
  await far?.stop()
  await sink?.stop()
  await straight?.stop()
})

const EIGHT_BITS = Buffer.from(
  Array.from({ length: 256 }, (_, code) => code).filter((code) => code !== 0 && code !== 10 && code !== 13),
).toString('latin1')

/** Bodies that carriers like to change; Latin-1, CRLF. */
const BODIES: Readonly<Record<string, string>> = {
  dots: '.\r\n..\r\n...\r\n.a\r\n..a\r\na.\r\n.\r\n',
  'a dot on the last line': 'x\r\n.\r\n',
  'empty lines': '\r\n\r\n\r\nx\r\n\r\n\r\n',
  'an empty body': '',
  'nothing but an empty line': '\r\n',
  'spaces at the end': 'x   \r\n\t\r\n   \r\n',
  'From lines': 'From here\r\n>From there\r\n',
  'all octets of a line': `${EIGHT_BITS}\r\n`,
  'a line as long as may be (RFC 5321 4.5.3.1.6)': `${'y'.repeat(998)}\r\n`,
  'dots at every place of a buffer': Array.from({ length: 700 }, (_, at) => `${'z'.repeat(at % 98)}\r\n.\r\n`).join(''),
  'megabytes without sense': `${randomBytes(1_500_000).toString('base64').replaceAll(/.{76}/g, '$&\r\n.')}\r\n`,
}

function messageOf(name: string, body: string): Buffer {
  const head = [
    'From: Alice Example <alice@far.example>',
    `Subject: ${name}`,
    'Message-ID: <a@far.example>',
    'X-Folded:  one',
    '\t two  ',
    'x-ODD:no space',
    'Date: Tue, 01 Jul 2025 12:00:00 +0000',
    '',
    '',
  ]
  return Buffer.from(head.join('\r\n') + body, 'latin1')
}

test('between two Postfixes', { skip: postfixSkip }, async () => {
  const sent = Object.entries(BODIES).map(([name, body]) => [name, messageOf(name, body)] as const)
  for (const [, message] of sent) await putMail({ ...server.ports, smtp: near.port }, message, 'bob@between.test')
  await until('all of them in the sink', async () => (sink.messages.length >= sent.length ? true : undefined))
  for (const [name, message] of sent) {
    const came = sink.messages.find(({ content }) => content.includes(`\r\nSubject: ${name}\r\n`))
    assert.ok(came !== undefined, `"${name}" did not arrive`)
    assertSame(came.content, message, name)
    // What went through has the lines of three servers, and nothing else was put in.
    const trace = came.content.subarray(0, came.content.indexOf('From: Alice')).toString('latin1')
    assert.deepEqual(
      [...trace.matchAll(/^([\w-]+):/gm)].map(([, field]) => field),
      ['Received', 'Received', 'Received'],
      trace,
    )
  }
})

test('what this server sends is what a user sent', { skip: postfixSkip }, async () => {
  const sent = Object.entries(BODIES).map(([name, body]) => [name, messageOf(name, body)] as const)
  for (const [, message] of sent) await submitMail(server.ports, message, ['bob@straight.test'])
  await until('all of them in the sink', async () => (straight.messages.length >= sent.length ? true : undefined))
  for (const [name, message] of sent) {
    const came = straight.messages.find(({ content }) => content.includes(`\r\nSubject: ${name}\r\n`))
    assert.ok(came !== undefined, `"${name}" did not arrive`)
    assertSame(came.content, message, name)
  }
})

function assertSame(content: Buffer, message: Buffer, name: string): void {
  const came = belowServers(content)
  const wanted = message.toString('latin1')
  if (came === wanted) return
  let at = 0
  while (at < wanted.length && came[at] === wanted[at]) at += 1
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 20))
  assert.fail(`"${name}" has changed at ${at} of ${wanted.length}: ${around(came)} in place of ${around(wanted)}`)
}
