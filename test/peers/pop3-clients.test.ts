/** The programs that fetch mail over POP3 into files: fetchmail, mpop, getmail; mutt reads and sends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { type RunningPostern, run } from '../server.ts'
import {
  assertCarried,
  awaitMail,
  PLAIN_PASSWORD as PASSWORD,
  putMail,
  sampleMessage,
  startForClients,
  takeMail,
  PLAIN_USER as USER,
} from './mail.ts'
import { needs } from './needs.ts'

const NOBODY = 65_534

let server: RunningPostern
let home: string
before(async () => {
  server = await startForClients()
})
after(() => server?.stop())
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'postern-client-'))
})
afterEach(async () => {
  await rm(home, { recursive: true, force: true })
  await takeMail(server.ports, USER, PASSWORD)
})

for (const [name, service, words] of [
  ['plain', 'pop3', 'no sslcertck'],
  ['STLS', 'pop3', "sslproto 'tls1.2+' no sslcertck"],
  ['TLS from the first byte', 'pop3s', 'ssl no sslcertck'],
] as const) {
  test(`fetchmail: ${name}`, { skip: needs({ fetchmail: 'fetchmail' }) }, async () => {
    const sent = await twoMessages(`fetchmail ${name}`)
    const inbox = join(home, 'inbox')
    const lines = [
      `poll 127.0.0.1 service ${server.ports[service]} protocol pop3 uidl`,
      `user '${USER}' password '${PASSWORD}' ${words}`,
      // One file of all, with a mark between; fetchmail hands lines over with LF.
      `mda "/bin/sh -c 'cat >> ${inbox}; echo ==== >> ${inbox}'"`,
      'fetchall no keep no rewrite pass8bits',
    ]
    const file = await privateFile('fetchmailrc', lines)
    const args = [
      '-f',
      file,
      '--nodetach',
      '--invisible',
      '--idfile',
      join(home, 'ids'),
      '--pidfile',
      join(home, 'pid'),
    ]
    const result = await client('/usr/bin/fetchmail', args)
    assert.equal(result.code, 0, result.stdout + result.stderr)
    const received = readFileSync(inbox, 'latin1').split('====\n').slice(0, -1)
    assert.equal(received.length, 2)
    for (const [index, one] of received.entries()) assertCarried(withCrlf(one), sent[index] as Buffer)
    assert.deepEqual(await takeMail(server.ports, USER, PASSWORD), [], 'fetched mail is deleted')
  })
}

for (const [name, service, lines] of [
  ['plain', 'pop3', ['tls off', 'auth user']],
  ['STLS, AUTH PLAIN', 'pop3', ['tls on', 'tls_starttls on', 'auth plain']],
  ['STLS, the best it knows', 'pop3', ['tls on', 'tls_starttls on', 'auth on']],
  ['TLS from the first byte', 'pop3s', ['tls on', 'tls_starttls off', 'auth user']],
] as const) {
  test(`mpop: ${name}`, { skip: needs({ mpop: 'mpop' }) }, async () => {
    const sent = await twoMessages(`mpop ${name}`)
    const maildir = await newMaildir()
    const file = await privateFile('mpoprc', [
      'account test',
      'host 127.0.0.1',
      `port ${server.ports[service]}`,
      `user ${USER}`,
      `password ${PASSWORD}`,
      'tls_certcheck off',
      'received_header off',
      `delivery maildir ${maildir}`,
      `uidls_file ${join(home, 'uidls')}`,
      'keep off',
      ...lines,
    ])
    const result = await client('/usr/bin/mpop', ['-C', file, 'test'])
    assert.equal(result.code, 0, result.stdout + result.stderr)
    assertMaildir(maildir, sent)
    assert.deepEqual(await takeMail(server.ports, USER, PASSWORD), [], 'fetched mail is deleted')
  })
}

for (const [name, service, retriever] of [
  ['plain', 'pop3', 'SimplePOP3Retriever'],
  ['TLS from the first byte', 'pop3s', 'SimplePOP3SSLRetriever'],
] as const) {
  test(`getmail: ${name}`, { skip: needs({ getmail: 'getmail6' }) }, async () => {
    const sent = await twoMessages(`getmail ${name}`)
    const maildir = await newMaildir()
    await privateFile('getmailrc', [
      '[retriever]',
      `type = ${retriever}`,
      'server = 127.0.0.1',
      `port = ${server.ports[service]}`,
      `username = ${USER}`,
      `password = ${PASSWORD}`,
      '[destination]',
      'type = Maildir',
      `path = ${maildir}/`,
      '[options]',
      'delete = true',
      'delivered_to = false',
      'received = false',
    ])
    // getmail refuses to deliver as root.
    const result = await client('/usr/bin/getmail', ['--getmaildir', home, '--rcfile', 'getmailrc'], { asNobody: true })
    assert.equal(result.code, 0, result.stdout + result.stderr)
    assertMaildir(maildir, sent)
    assert.deepEqual(await takeMail(server.ports, USER, PASSWORD), [], 'fetched mail is deleted')
  })
}

/** Runs a program on a terminal of its own: when it shows the first text, types the second, and so on; then waits for its end. */
const TYPIST = `
import json, os, pty, select, sys
program, steps = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execv(program[0], program)
shown = b''
while True:
    ready, _, _ = select.select([terminal], [], [], 20)
    try:
        got = os.read(terminal, 65536) if ready else b''
    except OSError:
        got = b''
    if not got:
        break
    shown += got
    if steps and steps[0][0].encode() in shown:
        os.write(terminal, steps.pop(0)[1].encode())
        shown = b''
if steps:
    sys.stdout.buffer.write(shown)
    sys.exit('never shown: ' + steps[0][0])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

test('mutt reads a mailbox over POP3', { skip: needs({ mutt: 'mutt', python3: 'python3' }) }, async () => {
  const sent = sampleMessage('mutt reads', USER)
  await putMail(server.ports, sent, USER)
  const saved = join(home, 'saved')
  const file = await muttrc(['unset wait_key', `set folder = "${home}"`])
  const program = ['/usr/bin/mutt', '-n', '-F', file, '-f', `pops://127.0.0.1:${server.ports.pop3s}`]
  const steps = [
    ['mutt reads', '|'],
    ['Pipe to command:', `cat > ${saved}; echo piped\n`],
    ['piped', 'x'],
  ]
  const result = await client('/usr/bin/python3', ['-c', TYPIST], { input: JSON.stringify([program, steps]) })
  assert.equal(result.code, 0, result.stdout + result.stderr)
  assertCarried(withCrlf(readFileSync(saved, 'latin1')), sent)
})

for (const [name, scheme, service, mechanism] of [
  ['STARTTLS, AUTH PLAIN', 'smtp', 'submission', 'plain'],
  ['STARTTLS, AUTH SCRAM-SHA-256', 'smtp', 'submission', 'scram-sha-256'],
  ['TLS from the first byte, AUTH LOGIN', 'smtps', 'submissions', 'login'],
] as const) {
  test(`mutt sends: ${name}`, { skip: needs({ mutt: 'mutt' }) }, async () => {
    const file = await muttrc([
      `set smtp_url = "${scheme}://${encodeURIComponent(USER)}@127.0.0.1:${server.ports[service]}/"`,
      `set smtp_pass = "${PASSWORD}"`,
      `set smtp_authenticators = "${mechanism}"`,
      `set from = "${USER}"`,
      'set copy = no',
    ])
    const body = 'Grüße\n.\nthe end\n'
    const result = await client('/usr/bin/mutt', ['-n', '-F', file, '-s', `mutt ${name}`, USER], { input: body })
    assert.equal(result.code, 0, result.stdout + result.stderr)
    const received = (await awaitMail(server.ports, 10_000, USER, PASSWORD))[0]?.toString() ?? ''
    assert.match(received, new RegExp(`^Subject: mutt ${name}\r$`, 'm'))
    assert.ok(received.endsWith(`\r\n\r\n${body.replaceAll('\n', '\r\n')}`), received)
  })
}

/** Put two messages into the mailbox, in this order. */
async function twoMessages(subject: string): Promise<readonly Buffer[]> {
  const sent = [sampleMessage(`${subject} 1`, USER), sampleMessage(`${subject} 2`, USER)]
  for (const message of sent) await putMail(server.ports, message, USER)
  return sent
}

async function muttrc(lines: readonly string[]): Promise<string> {
  const certificateFile = await privateFile('certificate.pem', [await shownCertificate(server.ports.pop3s)])
  return privateFile('muttrc', [
    `set pop_user = "${USER}"`,
    `set pop_pass = "${PASSWORD}"`,
    'set pop_delete = no',
    'set ssl_starttls = yes',
    'set ssl_force_tls = yes',
    // The certificate is the server's own: it is pinned as mutt does it.
    `set certificate_file = "${certificateFile}"`,
    'unset ssl_verify_host',
    'set charset = utf-8',
    'set send_charset = "utf-8"',
    'set allow_8bit',
    ...lines,
  ])
}

/** Give the certificate that a TLS port shows, as PEM. */
async function shownCertificate(port: number): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  assert.ok(certificate !== undefined)
  return certificate.toString()
}

async function privateFile(name: string, lines: readonly string[]): Promise<string> {
  const file = join(home, name)
  await writeFile(file, `${lines.join('\n')}\n`)
  await chmod(file, 0o600)
  return file
}

async function client(program: string, args: readonly string[], how: { input?: string; asNobody?: boolean } = {}) {
  const drop = how.asNobody === true && process.getuid?.() === 0
  if (drop) await run('/bin/chown', ['-R', String(NOBODY), home])
  const env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', TERM: 'xterm', FETCHMAILHOME: home }
  return run(program, args, { env, cwd: home, timeoutMs: 60_000, input: how.input, ...(drop ? { uid: NOBODY } : {}) })
}

async function newMaildir(): Promise<string> {
  const maildir = join(home, 'Maildir')
  for (const part of ['cur', 'new', 'tmp']) await mkdir(join(maildir, part), { recursive: true })
  return maildir
}

function maildirFiles(maildir: string): readonly Buffer[] {
  return ['new', 'cur'].flatMap((part) =>
    readdirSync(join(maildir, part))
      .sort()
      .map((name) => readFileSync(join(maildir, part, name))),
  )
}

/** The order of files in a Maildir is not that of the messages. */
function assertMaildir(maildir: string, sent: readonly Buffer[]): void {
  const received = maildirFiles(maildir).map((file) => withCrlf(file.toString('latin1')))
  assert.equal(received.length, sent.length)
  for (const one of sent) {
    const subject = /^Subject: .*$/m.exec(one.toString('latin1'))?.[0] as string
    assertCarried(
      received.find((file) => file.includes(subject)),
      one,
    )
  }
}

function withCrlf(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1')
}
