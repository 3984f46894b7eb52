/** Python's smtplib and poplib. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type RunningPostern, run } from '../server.ts'
// smtplib takes no password beyond ASCII.
import {
  assertCarried,
  PLAIN_PASSWORD as PASSWORD,
  sampleMessage,
  startForClients,
  takeMail,
  PLAIN_USER as USER,
} from './mail.ts'
import { needs } from './needs.ts'

const skip = needs({ python3: 'python3' })
let server: RunningPostern
before(async () => {
  if (skip === false) server = await startForClients()
})
after(() => server?.stop())

const PRELUDE = `
import json, poplib, smtplib, ssl, sys
ports, user, password, message = json.load(sys.stdin)
message = message.encode('latin-1')
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
`

const WAYS_IN = [
  ['plain', "smtp = smtplib.SMTP('127.0.0.1', ports['smtp'])"],
  [
    'STARTTLS and login',
    "smtp = smtplib.SMTP('127.0.0.1', ports['submission'])\nsmtp.starttls(context=context)\nsmtp.login(user, password)",
  ],
  [
    'TLS from the first byte and login',
    "smtp = smtplib.SMTP_SSL('127.0.0.1', ports['submissions'], context=context)\nsmtp.login(user, password)",
  ],
] as const

for (const [name, connect] of WAYS_IN) {
  test(`smtplib: ${name}`, { skip }, async () => {
    const sent = sampleMessage(`smtplib ${name}`)
    await python(`${connect}\nsmtp.sendmail(user, [user], message, ['BODY=8BITMIME'])\nsmtp.quit()`, sent)
    assertCarried((await takeMail(server.ports, USER, PASSWORD))[0], sent)
  })
}

test('smtplib: many recipients, one refused, RSET, VRFY, NOOP and a second message', { skip }, async () => {
  const sent = sampleMessage('smtplib many')
  const said = await python(
    `
smtp = smtplib.SMTP('127.0.0.1', ports['smtp'])
smtp.ehlo('client.example')
refused = smtp.sendmail('alice@far.example', [user, 'nobody@example.test'], message)
print(sorted(refused), refused['nobody@example.test'][0])
print(smtp.noop()[0], smtp.rset()[0], smtp.verify(user)[0])
smtp.sendmail('alice@far.example', [user], message)
smtp.quit()`,
    sent,
  )
  assert.deepEqual(said.split('\n'), ["['nobody@example.test'] 550", '250 250 252', ''])
  const received = await takeMail(server.ports, USER, PASSWORD)
  assert.equal(received.length, 2)
  for (const one of received) assertCarried(one, sent)
})

test('poplib: STLS, login, STAT, LIST, UIDL, TOP, RETR, DELE, RSET', { skip }, async () => {
  const sent = sampleMessage('poplib')
  await python(
    "smtp = smtplib.SMTP('127.0.0.1', ports['smtp'])\nsmtp.sendmail('a@far.example', [user], message)\nsmtp.quit()",
    sent,
  )
  const said = await python(
    `
pop = poplib.POP3('127.0.0.1', ports['pop3'])
assert 'STLS' in pop.capa(), pop.capa()
pop.stls(context=context)
pop.user(user)
pop.pass_(password)
count, size = pop.stat()
assert count == 1
assert pop.list()[1] == [b'1 %d' % size]
uid = pop.uidl()[1][0].split()[1].decode()
top = pop.top(1, 2)[1]
lines = pop.retr(1)[1]
assert top == lines[:len(top)] and len(top) < len(lines)
assert sum(len(line) + 2 for line in lines) == size
pop.dele(1)
pop.rset()
pop.quit()
again = poplib.POP3_SSL('127.0.0.1', ports['pop3s'], context=context)
again.user(user)
again.pass_(password)
assert again.uidl()[1][0].split()[1].decode() == uid, 'UIDL is stable'
again.quit()
sys.stdout.buffer.write(b'\\r\\n'.join(lines) + b'\\r\\n')`,
    sent,
  )
  assertCarried(Buffer.from(said), sent)
  await takeMail(server.ports, USER, PASSWORD)
})

test('poplib: a wrong password is refused with [AUTH]', { skip }, async () => {
  const said = await python(
    `
pop = poplib.POP3_SSL('127.0.0.1', ports['pop3s'], context=context)
pop.user(user)
try:
    pop.pass_('wrong')
except poplib.error_proto as refused:
    print(refused)`,
    Buffer.alloc(0),
  )
  assert.match(said, /-ERR \[AUTH\]/)
})

async function python(program: string, message: Buffer): Promise<string> {
  const input = JSON.stringify([server.ports, USER, PASSWORD, message.toString('latin1')])
  const result = await run('/usr/bin/python3', ['-c', `${PRELUDE}\n${program}`], { input })
  assert.equal(result.code, 0, result.stderr)
  return result.stdout
}
