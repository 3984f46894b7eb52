/** A user's mail goes out by MX records to servers of five makers, and what they refuse comes back. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunningPostern } from '../server.ts'
import { until } from '../until.ts'
import { arrived, belowServers, startDelivering } from './delivery.ts'
import { dnsSkip, type RunningDns, startDns } from './dns.ts'
import { awaitMail, sampleMessage, submitMail, withLf } from './mail.ts'
import { type Authority, makeAuthority } from './servers/certificates.ts'
import { eximSkip, type RunningExim, startExim } from './servers/exim.ts'
import { harakaSkip, type RunningHaraka, startHaraka } from './servers/haraka.ts'
import { openSmtpdSkip, type RunningOpenSmtpd, startOpenSmtpd } from './servers/opensmtpd.ts'
import { postfixSkip, type RunningPostfix, startPostfix } from './servers/postfix.ts'
import { freePort } from './servers/program.ts'

/** All of them listen on the port that MX records stand for here, each on an address of its own. */
const IPS = {
  postfix: '127.0.0.2',
  exim: '127.0.0.3',
  opensmtpd: '127.0.0.4',
  haraka: '127.0.0.5',
  nobody: '127.0.0.6',
}

const ZONES = {
  'postfix.test': `@ MX 20 away\n@ MX 10 mx\nmx A ${IPS.postfix}\naway A ${IPS.nobody}`,
  // The best of them is away.
  'second.test': `@ MX 10 away\n@ MX 20 mx\nmx A ${IPS.postfix}\naway A ${IPS.nobody}`,
  // No MX record: the domain's own address (RFC 5321 §5.1).
  'exim.test': `@ A ${IPS.exim}`,
  'opensmtpd.test': `@ MX 10 mx\nmx A ${IPS.opensmtpd}`,
  'brokentls.test': `@ MX 10 mx\nmx A ${IPS.opensmtpd}`,
  'haraka.test': `@ MX 10 mx\nmx A ${IPS.haraka}`,
  'null.test': '@ MX 0 .',
  'down.test': `@ MX 10 mx\nmx A ${IPS.nobody}`,
}

let dns: RunningDns
let server: RunningPostern
let authority: Authority
let postfix: RunningPostfix
let exim: RunningExim
let opensmtpd: RunningOpenSmtpd
let haraka: RunningHaraka
before(async () => {
  if (dnsSkip !== false) return
  const port = await freePort(IPS.postfix)
  authority = makeAuthority()
  dns = await startDns(ZONES)
  server = await startDelivering({
    dns: dns.server,
    delivery: { port, connectTimeout: '2s' },
    queue: { retry: ['1s'], warnAfter: null, bounceAfter: '1m' },
  })
  const at = (ip: string, name: string) => ({ ip, port, hostname: name, certificate: authority.issue([name]) })
  if (postfixSkip === false)
    postfix = await startPostfix({
      ...at(IPS.postfix, 'mx.postfix.test'),
      mailboxes: ['bob@postfix.test', 'zoe@postfix.test', 'bob@second.test'],
    })
  if (eximSkip === false) exim = await startExim({ ...at(IPS.exim, 'exim.test'), mailboxes: ['bob@exim.test'] })
  if (openSmtpdSkip === false) {
    const { certificate: brokenTls, ...place } = at(IPS.opensmtpd, 'mx.opensmtpd.test')
    opensmtpd = await startOpenSmtpd({ ...place, mailboxes: ['bob@opensmtpd.test'], brokenTls })
  }
  if (harakaSkip === false) haraka = await startHaraka({ ...at(IPS.haraka, 'mx.haraka.test'), domain: 'haraka.test' })
})
after(async () => {
  await server?.stop()
  for (const one of [postfix, exim, opensmtpd, haraka, dns]) await one?.stop()
  authority?.[Symbol.dispose]()
})

test('to Postfix, over TLS, two recipients in one transaction', { skip: dnsSkip || postfixSkip }, async () => {
  const sent = sampleMessage('to Postfix', 'bob@postfix.test')
  await submitMail(server.ports, sent, ['bob@postfix.test', 'zoe@postfix.test'])
  for (const address of ['bob@postfix.test', 'zoe@postfix.test']) {
    const [message] = await arrived(() => postfix.mail(address), 1, postfix.log())
    assert.equal(belowServers(message as Buffer), withLf(sent))
    assert.match(String(message), /^Received: from mail\.example\.test .*\n\t\(using TLSv1\.3 with cipher /m)
    assert.match(String(message), /^Return-Path: <user1@example\.test>$/m)
    // Who sent it by login is not told to the world, but the record of it is.
    assert.match(String(message), /^Received: [^\n]*(\n\t[^\n]*)*\bby mail\.example\.test with ESMTPSA\b/m)
  }
  assert.equal(postfix.log().match(/nrcpt=2 /g)?.length, 1, postfix.log())
})

test('to the second server when the best is away', { skip: dnsSkip || postfixSkip }, async () => {
  await submitMail(server.ports, sampleMessage('second', 'bob@second.test'), ['bob@second.test'])
  await arrived(() => postfix.mail('bob@second.test'), 1, postfix.log())
})

test('to Exim by the address of a domain without MX, over TLS', { skip: dnsSkip || eximSkip }, async () => {
  const sent = sampleMessage('to Exim', 'bob@exim.test')
  await submitMail(server.ports, sent, ['bob@exim.test'])
  const [message] = await arrived(() => exim.mail('bob@exim.test'), 1, exim.log())
  assert.equal(belowServers(message as Buffer), withLf(sent))
  assert.match(exim.log(), / <= user1@example\.test H=.* P=esmtps X=TLS1\.3:/)
})

test('to OpenSMTPD in the clear, as the TLS that it offers fails', { skip: dnsSkip || openSmtpdSkip }, async () => {
  const sent = sampleMessage('to OpenSMTPD', 'bob@opensmtpd.test')
  await submitMail(server.ports, sent, ['bob@opensmtpd.test'])
  const [message] = await arrived(() => opensmtpd.mail('bob@opensmtpd.test'), 1, opensmtpd.output())
  assert.equal(belowServers(message as Buffer), withLf(sent))
})

test('to Haraka, over TLS', { skip: dnsSkip || harakaSkip }, async () => {
  const sent = sampleMessage('to Haraka', 'bob@haraka.test')
  await submitMail(server.ports, sent, ['bob@haraka.test'])
  // Its file is there before all of the message is in it: read once Haraka has taken over.
  await until('Haraka to take it', async () =>
    server
      .output()
      .split('\n')
      .find((line) => line.includes(' mail sent ') && line.includes('bob@haraka.test')),
  )
  const [message] = await arrived(() => haraka.mail(), 1, haraka.output())
  assert.equal(belowServers(message as Buffer), sent.toString('latin1'))
  assert.match(String(message), /with ESMTPS .*\r\n(\t.*\r\n)*\ttls TLS_/)
})

/** What cannot be delivered for good, and what its report has to say. */
const BOUNCES: readonly [name: string, to: string, status: string, said: RegExp, skip: string | false][] = [
  [
    'a user whom Postfix does not know',
    'nobody@postfix.test',
    '5.1.1',
    /User unknown in virtual mailbox table/,
    postfixSkip,
  ],
  ['a user whom Exim does not know', 'nobody@exim.test', '5.0.0', /no such mailbox here/, eximSkip],
  ['a domain with a null MX (RFC 7505)', 'bob@null.test', '5.1.10', /null MX/, false],
  ['a domain that does not exist', 'bob@missing.test', '5.1.2', /missing\.test/, false],
]
for (const [name, to, status, said, skip] of BOUNCES) {
  test(`the sender hears of ${name}`, { skip: dnsSkip || skip }, async () => {
    await submitMail(server.ports, sampleMessage(`bounce ${to}`, to), [to])
    const [report] = await awaitMail(server.ports, 15_000)
    const text = report?.toString() ?? ''
    assert.match(text, /^Return-Path: <>\r$/m)
    assert.match(text, /^Content-Type: multipart\/report;/m)
    assert.match(text, new RegExp(`^Final-Recipient: rfc822; ?${to.replaceAll('.', '\\.')}\r$`, 'im'))
    assert.match(text, new RegExp(`^Status: ${status.replaceAll('.', '\\.')}\\b`, 'm'))
    assert.match(text, said)
    assert.match(text, new RegExp(`^Subject: bounce ${to}`, 'm'))
  })
}

test('what a domain that is down waits for is in the queue, with the reason', { skip: dnsSkip }, async () => {
  await submitMail(server.ports, sampleMessage('down', 'bob@down.test'), ['bob@down.test'])
  const shown = await until('its first try', async () => {
    const { stdout } = await server.postern(['queue', 'list', '--recipient', 'bob@down.test', '--json'])
    return /"lastAnswer"/.test(stdout) ? stdout : undefined
  })
  assert.match(shown, /mx\.down\.test.*ECONNREFUSED/)
})
