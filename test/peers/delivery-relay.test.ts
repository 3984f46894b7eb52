/** A user's mail goes out by relay servers that want a login, each by its mechanism, and over LMTP to Dovecot. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DAEMON } from '../../tools/debian-users.ts'
import type { RunningPostern } from '../server.ts'
import { until } from '../until.ts'
import { arrived, belowServers, keepCredentials, startDelivering } from './delivery.ts'
import { awaitMail, sampleMessage, submitMail, withLf } from './mail.ts'
import { type Authority, makeAuthority } from './servers/certificates.ts'
import { dovecotSkip, type RunningDovecot, startDovecot } from './servers/dovecot.ts'
import { type EximMechanism, eximSkip, type RunningExim, startExim } from './servers/exim.ts'
import { type PopBeforeSmtp, startPopBeforeSmtp } from './servers/pop-before-smtp.ts'
import { postfixSkip, type RunningPostfix, startPostfix } from './servers/postfix.ts'

const LOGIN = { user: 'relay user', password: 'pässword, "quoted" = 100%' }
const PLAIN_LOGIN = { user: 'relay@provider.test', password: 'plain-secret' }
const MECHANISMS: readonly EximMechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5']

const skip = eximSkip || postfixSkip || dovecotSkip

let server: RunningPostern
let authority: Authority
let dovecot: RunningDovecot
let postfix: RunningPostfix
let pop: PopBeforeSmtp
const exims = new Map<EximMechanism, RunningExim>()
before(async () => {
  if (skip !== false) return
  authority = makeAuthority()
  const certificate = authority.issue(['relay.test', '127.0.0.1'])
  dovecot = await startDovecot({
    users: { 'bob@lmtp.test': 'secret', 'zoe@lmtp.test': 'secret', [PLAIN_LOGIN.user]: PLAIN_LOGIN.password },
    certificate,
    authFor: DAEMON.name,
  })
  postfix = await startPostfix({
    hostname: 'relay.test',
    mailboxes: ['bob@scram.test'],
    certificate,
    settings: {
      smtpd_sasl_type: 'dovecot',
      smtpd_sasl_path: dovecot.authSocket,
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_authenticated_header: 'yes',
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
    },
  })
  for (const mechanism of MECHANISMS) {
    const login = { ...PLAIN_LOGIN, mechanisms: [mechanism] }
    const mailboxes = [`bob@${mechanism.toLowerCase()}.test`]
    exims.set(mechanism, await startExim({ hostname: 'relay.test', mailboxes, certificate, login }))
  }
  pop = await startPopBeforeSmtp(LOGIN)
  const relay = (recipient: string, port: number, more: object) => ({ recipient, host: '127.0.0.1', port, ...more })
  server = await startDelivering({
    caFile: authority.caFile,
    delivery: {
      routes: [
        ...MECHANISMS.map((mechanism) =>
          relay(`*@${mechanism.toLowerCase()}.test`, exims.get(mechanism)?.port as number, {
            tls: 'verified',
            credentials: 'provider',
          }),
        ),
        relay('*@scram.test', postfix.port, { tls: 'required', credentials: 'provider' }),
        relay('*@wrong.test', postfix.port, { tls: 'required', credentials: 'wrong' }),
        relay('*@pop.test', pop.smtp.port, { credentials: 'pop', loginBy: 'pop3', popPort: pop.popPort }),
        relay('*@lmtp.test', dovecot.lmtpPort, { via: 'lmtp', tls: 'required' }),
      ],
    },
  })
  await keepCredentials(server, 'provider', PLAIN_LOGIN.user, PLAIN_LOGIN.password)
  await keepCredentials(server, 'wrong', PLAIN_LOGIN.user, 'another password')
  await keepCredentials(server, 'pop', LOGIN.user, LOGIN.password)
})
after(async () => {
  await server?.stop()
  await pop?.[Symbol.asyncDispose]()
  for (const one of [postfix, dovecot, ...exims.values()]) await one?.stop()
  authority?.[Symbol.dispose]()
})

for (const mechanism of MECHANISMS) {
  test(`by Exim, logged in by ${mechanism}, its certificate verified`, { skip }, async () => {
    const exim = exims.get(mechanism) as RunningExim
    const to = `bob@${mechanism.toLowerCase()}.test`
    const sent = sampleMessage(`by ${mechanism}`, to)
    await submitMail(server.ports, sent, [to])
    const [message] = await arrived(() => exim.mail(to), 1, exim.log())
    assert.equal(belowServers(message as Buffer), withLf(sent))
    const named = mechanism.toLowerCase().replace('-', '_')
    assert.match(exim.log(), new RegExp(` P=esmtpsa X=TLS1\\.3:.* A=${named}:${PLAIN_LOGIN.user} `))
  })
}

test('by Postfix with the logins of Dovecot, by the strongest mechanism of theirs', { skip }, async () => {
  const sent = sampleMessage('by SCRAM', 'bob@scram.test')
  await submitMail(server.ports, sent, ['bob@scram.test'])
  const [message] = await arrived(() => postfix.mail('bob@scram.test'), 1, postfix.log())
  assert.equal(belowServers(message as Buffer), withLf(sent))
  assert.match(postfix.log(), /sasl_method=SCRAM-SHA-256, sasl_username=relay@provider\.test/)
})

test('a wrong password bounces nothing: the mail waits for the administrator', { skip }, async () => {
  await submitMail(server.ports, sampleMessage('wrong password', 'bob@wrong.test'), ['bob@wrong.test'])
  const shown = await until('the reason in the queue', async () => {
    const { stdout } = await server.postern(['queue', 'list', '--json'])
    return /authenticat|log in|535/i.test(stdout) ? stdout : undefined
  })
  assert.match(shown, /bob@wrong\.test/)
  assert.doesNotMatch(shown + server.output(), /another password/)
})

test('by a server that wants a POP3 login first (POP3 before SMTP), and again when it has forgotten', {
  skip,
}, async () => {
  for (const round of [1, 2]) {
    pop.forget()
    const sent = sampleMessage(`POP3 before SMTP ${round}`, 'bob@pop.test')
    await submitMail(server.ports, sent, ['bob@pop.test'])
    const messages = await until(`message ${round} in the sink`, async () =>
      pop.smtp.messages.length >= round ? pop.smtp.messages : undefined,
    )
    assert.equal(belowServers(messages[round - 1]?.content as Buffer), sent.toString('latin1'))
  }
  assert.ok(pop.popLines.includes(`USER ${LOGIN.user}`), pop.popLines.join('\n'))
  assert.equal(pop.popLines.filter((line) => line.startsWith('PASS')).length, 2)
})

test('over LMTP into two mailboxes of Dovecot, under TLS; an answer for each recipient', { skip }, async () => {
  const sent = sampleMessage('over LMTP', 'bob@lmtp.test')
  await submitMail(server.ports, sent, ['bob@lmtp.test', 'nobody@lmtp.test', 'zoe@lmtp.test'])
  for (const address of ['bob@lmtp.test', 'zoe@lmtp.test']) {
    const [message] = await arrived(() => dovecot.mail(address), 1, dovecot.log())
    assert.equal(belowServers(message as Buffer), withLf(sent))
    assert.match(String(message), /with LMTPS/)
  }
  const [report] = await awaitMail(server.ports, 15_000)
  assert.match(String(report), /^Final-Recipient: rfc822; ?nobody@lmtp\.test\r$/im)
  assert.match(String(report), /User doesn't exist: nobody@lmtp\.test/)
  assert.doesNotMatch(String(report), /^Final-Recipient: rfc822; ?(bob|zoe)@lmtp\.test/im)
})
