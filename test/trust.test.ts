/** A trusted address that hides strangers loses its trust, loudly, and gets it back by command; an honest office keeps it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Asked, type ScriptedDns, startScriptedDns } from '../src/base/dns-testing.ts'
import { natSkip, openNat } from './networks/nat.ts'
import { type Spoken, speak } from './networks/speak.ts'
import { freePorts, type Ports, type Provision, type RunningPostern, startPostern } from './server.ts'
import { until } from './until.ts'

const LOCAL = 'anna@example.test'
const FAR = 'victim@far.example'

let dns: ScriptedDns
before(async () => {
  dns = await startScriptedDns(({ type, name }: Asked) =>
    type === 'MX' ? { answers: [{ type, data: `10 mx.${name}` }] } : {},
  )
})
after(() => dns?.stop())

/** All settings as they come. */
function provision(): Provision {
  return {
    settings: { server: { hostname: 'mail.example.test' }, dns: { servers: [dns.server] }, logs: { console: false } },
    domains: ['example.test'],
    users: [{ address: LOCAL, password: 'the password of Anna' }],
  }
}

/** Mail of 60 strangers: each calls itself by its own name, and sends from its own domain. */
function strangers(count: number): readonly (readonly string[])[] {
  return Array.from({ length: count }, (_, index) => [
    `EHLO mx${index}.sender${index}.example`,
    `MAIL FROM:<someone@sender${index}.example>`,
    `RCPT TO:<${LOCAL}>`,
    'RSET',
  ])
}

const ASKS_TO_RELAY = ['EHLO spammer.example', 'MAIL FROM:<spam@spammer.example>', `RCPT TO:<${FAR}>`]

type Speak = (sessions: readonly (readonly string[])[]) => Promise<readonly (readonly string[])[]>

/** Strangers come by a trusted address: it is suspended, the log has the alarm, relaying ends, and a command brings it back. */
async function assertSuspends(server: RunningPostern, ip: string, say: Speak): Promise<void> {
  const [before_ = []] = await say([ASKS_TO_RELAY])
  assert.match(before_.at(-1) ?? '', /^250 /, 'it is trusted as long as nothing tells against it')

  await say(strangers(60))
  const suspension = await until(`the trust in ${ip} is suspended`, () => suspensionOf(server, ip))
  assert.match(suspension.evidence, /HELO names/)
  assert.match(suspension.evidence, /domains/)

  const [afterwards = []] = await say([ASKS_TO_RELAY])
  const refusal = afterwards.at(-1) ?? ''
  assert.match(refusal, /^550 5\.7\.1 Relaying .* \[ref [0-9A-Z]+\]$/)
  const ref = /\[ref ([0-9A-Z]+)\]/.exec(refusal)?.[1] ?? ''
  const { stdout } = await server.postern(['explain', ref])
  assert.match(stdout, /suspended/)

  const alarm = await until('the alarm is in the log', async () => logText(server).match(/.*trust.*suspended.*/i)?.[0])
  assert.ok(alarm.includes(ip), alarm)
  assert.match(alarm, /postern trust restore/)

  // Mail for this server's own users is still taken: only the trust is gone.
  const [local = []] = await say([['EHLO friend.example', 'MAIL FROM:<friend@friend.example>', `RCPT TO:<${LOCAL}>`]])
  assert.match(local.at(-1) ?? '', /^250 /)

  const restored = await server.postern(['trust', 'restore', ip])
  assert.equal(restored.code, 0, restored.stderr)
  assert.equal(await suspensionOf(server, ip), undefined)
  const [again = []] = await say([ASKS_TO_RELAY])
  assert.match(again.at(-1) ?? '', /^250 /)
}

async function suspensionOf(server: RunningPostern, ip: string): Promise<{ readonly evidence: string } | undefined> {
  const { stdout } = await server.postern(['trust', 'list', '--json'])
  const { suspended } = JSON.parse(stdout) as {
    readonly suspended: { readonly ip: string; readonly evidence: string }[]
  }
  return suspended.find((one) => one.ip === ip)
}

function logText({ dataDir }: RunningPostern): string {
  const files = readdirSync(join(dataDir, 'logs'), { withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(({ name }) => readFileSync(join(dataDir, 'logs', name), 'utf8')).join('\n')
}

test('a proxy on this machine that does not tell the addresses of its clients (no PROXY protocol)', async () => {
  const server = await startPostern({ provision: provision() })
  const proxy = await startForwarder(server.ports.smtp)
  try {
    const { port } = proxy.address() as { port: number }
    await assertSuspends(server, '127.0.0.1', async (sessions) => {
      const answers: (readonly string[])[] = []
      for (const commands of sessions) answers.push(await speak({ host: '127.0.0.1', port, commands }))
      return answers
    })
  } finally {
    proxy.close()
    await server.stop()
  }
})

test('a NAT or container network that hides strangers behind one private address', { skip: natSkip }, async () => {
  await behindNat(async (server, nat, say) => {
    await assertSuspends(server, nat.natIp, (sessions) =>
      say(sessions.map((commands, index) => ({ from: `203.0.113.${2 + (index % 80)}`, commands }))),
    )
  })
})

test('an office of 20 people behind NAT, 240 connections a day, keeps its trust', { skip: natSkip }, async () => {
  await behindNat(async (server, nat, say) => {
    const day = Array.from({ length: 240 }, (_, index) => {
      const person = index % 20
      return {
        from: `10.44.0.${2 + person}`,
        commands: [
          `EHLO pc${person}.office.example`,
          `MAIL FROM:<person${person}@office.example>`,
          // Typing errors: some recipients do not exist.
          `RCPT TO:<${index % 40 === 0 ? `ana${index}@example.test` : index % 2 === 0 ? FAR : LOCAL}>`,
          'RSET',
        ],
      }
    })
    const answers = await say(day)
    for (const replies of answers) assert.match(replies.at(-1) ?? '', /^250 /)
    const relayed = answers.filter((_, index) => index % 2 === 0 && index % 40 !== 0)
    for (const replies of relayed) assert.match(replies.at(3) ?? '', /^250 /)
    assert.equal(await suspensionOf(server, nat.natIp), undefined)
  })
})

async function behindNat(
  run: (
    server: RunningPostern,
    nat: { readonly natIp: string },
    say: (sessions: readonly Pick<Spoken, 'from' | 'commands'>[]) => Promise<readonly (readonly string[])[]>,
  ) => Promise<void>,
): Promise<void> {
  const nat = openNat()
  try {
    const ports: Ports = await freePorts()
    const { settings = {}, ...others } = provision()
    const listen = [`127.0.0.1:${ports.smtp}`, `${nat.serverIp}:${ports.smtp}`]
    const server = await startPostern({
      ports,
      provision: { ...others, settings: { ...settings, services: { smtp: { listen } } } },
    })
    try {
      await run(server, nat, (sessions) => nat.speak(sessions.map((session) => ({ ...session, port: ports.smtp }))))
    } finally {
      await server.stop()
    }
  } finally {
    nat.close()
  }
}

/** Pass connections on as a proxy does that says nothing of whose they are. */
async function startForwarder(port: number): Promise<Server> {
  const server = createServer((client) => {
    const onward = connect(port, '127.0.0.1')
    client.pipe(onward).pipe(client)
    client.on('error', () => onward.destroy())
    onward.on('error', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
