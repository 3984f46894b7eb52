/** What attackers do, at a running server with its limits as they come: floods, rotation, guessing; and what honest clients notice of it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ScriptedDns, startScriptedDns } from '../src/base/dns-testing.ts'
import { type RunningPostern, startPostern } from './server.ts'
import { SmtpClient } from './smtp-client.ts'
import { until } from './until.ts'
import { Gone, type Origin, Wire } from './wire.ts'

const ANNA = 'anna@example.test'
const PASSWORD = 'the password of Anna'
/** Connections under way at the same time in a flood. */
const AT_ONCE = 40

interface Block {
  readonly network: string
  readonly reason: string
  readonly ref?: string
}

let dns: ScriptedDns
let server: RunningPostern
before(async () => {
  dns = await startScriptedDns(({ type, name }) =>
    type === 'MX' ? { answers: [{ type, data: `10 mx.${name}` }] } : {},
  )
  const proxied = { proxyFrom: ['127.0.0.1'] }
  server = await startPostern({
    provision: {
      settings: {
        server: { hostname: 'mail.example.test' },
        dns: { servers: [dns.server] },
        // The least there is: a flood of addresses is more than it holds.
        ledger: { memory: '1MB' },
        limits: { neverBlock: [] },
        services: { smtp: proxied, submission: proxied, submissions: proxied, pop3: proxied, pop3s: proxied },
        logs: { console: false },
      },
      domains: ['example.test'],
      users: [{ address: ANNA, password: PASSWORD }],
    },
  })
})
after(async () => {
  await server?.stop()
  await dns?.stop()
})

/** One guess of a recipient, a connection for it; gives the last reply. */
async function guess(ip: string, name: string): Promise<string> {
  using session = await SmtpClient.connect(server.ports.smtp, { proxied: ip })
  const greeting = await session.reply()
  if (!greeting.startsWith('220')) return greeting
  await session.ask('EHLO guesser.example', '250')
  const sender = await session.ask('MAIL FROM:<guesser@guesser.example>')
  return sender.startsWith('250') ? await session.ask(`RCPT TO:<${name}@example.test>`) : sender
}

async function greetingOf(ip: string, service: 'smtp' | 'submission' = 'smtp'): Promise<string> {
  using session = await SmtpClient.connect(server.ports[service], { proxied: ip })
  return await session.reply()
}

/** Where TLS comes first, a client that is blocked is turned away without a handshake. */
async function assertNoTls(ip: string): Promise<void> {
  await assert.rejects(SmtpClient.connect(server.ports.submissions, { proxied: ip, tls: true }), Gone)
  await assert.rejects(Wire.open(server.ports.pop3s, { proxied: ip, tls: true }), Gone)
}

async function honestPasses(ip: string): Promise<void> {
  using session = await SmtpClient.greeted(server.ports.smtp, { proxied: ip })
  assert.match(await session.send({ from: 'friend@friend.example', to: ANNA }), /^250 2\.0\.0 /)
}

/** Do something many times, some at the same time. */
async function flood<T>(times: number, act: (number: number) => Promise<T>, atOnce = AT_ONCE): Promise<T[]> {
  const results: T[] = []
  let next = 0
  async function work(): Promise<void> {
    while (next < times) results.push(await act(next++))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

async function ask<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await server.postern([...args, '--json'])
  assert.equal(code, 0, `postern ${args.join(' ')}: ${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}

async function blockOf(network: string): Promise<Block> {
  return until(`${network} is blocked`, async () => {
    const { items } = await ask<{ readonly items: readonly Block[] }>('blocks', 'list', '--limit', '1000')
    return items.find((block) => block.network === network)
  })
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.admin}/metrics`)).text()
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)
  assert.ok(found !== null, `no metric ${name} in:\n${text.slice(0, 2000)}`)
  return Number(found[1])
}

test('one address, a thousand times: ten honest answers, then nothing more, and few records', async () => {
  const ip = '198.51.100.1'
  const replies = await flood(1000, (number) => guess(ip, `name${number}`))
  const answered = replies.filter((reply) => reply.startsWith('550 5.1.1'))
  assert.ok(answered.length >= 10 && answered.length <= 10 + AT_ONCE, `${answered.length} answers`)
  for (const reply of replies) assert.match(reply, /^(550 5\.1\.1|421 4\.7\.[01]) /)
  const { ref } = await blockOf(ip)
  assert.match(await greetingOf(ip), new RegExp(`^421 4\\.7\\.1 .*\\[ref ${ref}\\]$`))

  const records = await ask<readonly object[]>('records', '--ip', ip, '--limit', '1000')
  assert.ok(records.length < 100, `${records.length} records of one address`)
  await honestPasses('198.51.100.2')
})

test('rotating inside a /64, a /56 and a /48 evades nothing: each is blocked as a whole', async () => {
  const rotations = [
    // [network, limit x its times, the address of guess N]
    ['2001:db8:a:1::/64', 10, (number: number) => `2001:db8:a:1::${(number + 1).toString(16)}`],
    ['2001:db8:b:100::/56', 40, (number: number) => `2001:db8:b:1${hex(number % 200)}::${number + 1}`],
    ['2001:db8:c::/48', 160, (number: number) => `2001:db8:c:${(number * 256).toString(16)}::1`],
  ] as const
  for (const [network, allowed, address] of rotations) {
    for (let number = 0; number < allowed; number++) {
      assert.match(
        await guess(address(number), `rotating${number}`),
        /^550 5\.1\.1 /,
        `${network}, guess ${number + 1}`,
      )
    }
    assert.match(await guess(address(allowed), 'one-too-many'), /^421 4\.7\.1 /, network)
    await blockOf(network)
    assert.match(await greetingOf(address(allowed + 1)), /^421 4\.7\.1 /, network)
  }
  // A neighbour of another customer is not blocked with them.
  await honestPasses('2001:db8:d::1')
})

test('an IPv4 address counts as itself when it comes as IPv4-mapped IPv6', async () => {
  const ways = ['198.51.100.20', '::ffff:198.51.100.20', '::ffff:c633:6414']
  for (let number = 0; number < 11; number++) await guess(ways[number % 3] ?? '', `mapped${number}`)
  await blockOf('198.51.100.20')
  for (const way of ways) assert.match(await greetingOf(way), /^421 4\.7\.1 /)
})

test('a block holds on every service and in every thread, and lifting it works at once everywhere', async () => {
  const ip = '198.51.100.30'
  await honestPasses(ip)
  // A session that is open when the block comes ends with its next command that matters.
  using open = await SmtpClient.greeted(server.ports.smtp, { proxied: ip })
  await ask('blocks', 'add', ip, '--for', '1h')
  assert.match(await open.ask('MAIL FROM:<friend@friend.example>'), /^554 5\.7\.1 /)
  await open.closed()

  const services = ['smtp', 'submission'] as const
  const knock = () => flood(60, (number) => greetingOf(ip, services[number % 2]), 10)
  for (const greeting of await knock()) assert.match(greeting, /^554 5\.7\.1 /)
  assert.match(await popGreeting(ip), /^-ERR /)
  await assertNoTls(ip)

  await ask('blocks', 'lift', ip)
  for (const greeting of await knock()) assert.match(greeting, /^220 /)
  assert.match(await popGreeting(ip), /^\+OK /)
})

test('guessing passwords on POP3 is blocked on SMTP too; one wrong password many times is not guessing', async () => {
  const stubborn = '198.51.100.40'
  for (let number = 0; number < 15; number++) await popLogin(stubborn, 'an old password')
  assert.match(await popGreeting(stubborn), /^\+OK /, 'a program with an old password')

  const guesser = '198.51.100.41'
  for (let number = 0; number < 11; number++) await popLogin(guesser, `guess ${number}`)
  assert.equal((await blockOf(guesser)).reason, 'failed-logins')
  assert.match(await popGreeting(guesser), /^-ERR /)
  assert.match(await greetingOf(guesser), /^421 4\.7\.1 /)
  await assertNoTls(guesser)

  // It counted against the guesser, and not against the account it named.
  assert.match(await popLogin('198.51.100.42', PASSWORD), /^\+OK/)
})

test('the never-block list wins, and lifts what stands', async () => {
  const ip = '198.51.100.50'
  for (let number = 0; number < 11; number++) await guess(ip, `never${number}`)
  await blockOf(ip)
  await ask('blocks', 'never', 'add', ip)
  assert.match(await greetingOf(ip), /^220 /)
  for (let number = 0; number < 15; number++) await guess(ip, `more${number}`)
  assert.match(await greetingOf(ip), /^220 /)
  assert.notEqual((await server.postern(['blocks', 'add', ip])).code, 0)
})

test("the administration's own socket is never blocked", async () => {
  await server.postern(['blocks', 'add', '127.0.0.1', '--for', '1h'])
  await server.postern(['blocks', 'add', '127.0.0.0/8', '--for', '1h'])
  await ask('blocks', 'list')
  await server.postern(['blocks', 'lift', '127.0.0.0/8'])
  await ask('blocks', 'list')
})

test('a stopped account: its sessions end, its mail is held, others go on; one command lets it go', async () => {
  // So that it waits, and is not sent before the account is stopped.
  await ask('queue', 'pause', 'far.example')
  using session = await loggedIn('198.51.100.60')
  assert.match(await session.send({ from: ANNA, to: 'customer@far.example' }), /^250 /)
  using idle = await loggedIn('198.51.100.61')

  await ask('user', 'freeze', ANNA, '--why', 'the password is known to others')
  for (const one of [session, idle]) {
    assert.match(await one.reply(), /^421 4\.7\.0 /)
    await one.closed()
  }
  assert.deepEqual(await statesInQueue(), ['held'])
  using again = await loggedIn('198.51.100.60')
  assert.match(await again.send({ from: ANNA, to: 'customer@far.example' }), /^450 4\.7\.0 /)
  // Reading goes on, and so does the mail of others to the account.
  assert.match(await popLogin('198.51.100.62', PASSWORD), /^\+OK/)
  await honestPasses('198.51.100.63')

  await ask('user', 'release', ANNA)
  assert.deepEqual(await statesInQueue(), ['paused'])
  using released = await loggedIn('198.51.100.60')
  assert.match(await released.send({ from: ANNA, to: 'customer@far.example' }), /^250 /)

  await ask('user', 'freeze', ANNA, '--why', 'once more')
  await ask('user', 'release', ANNA, '--delete-queued')
  assert.deepEqual(await statesInQueue(), [])
})

test('addresses without end, each once: the memory of the counts stays what it may be, lets go, and says so', async () => {
  const before_ = await metric('postern_ledger_let_go_total')
  const replies = await flood(6000, (number) => guess(`2001:db8:${hex(number >> 8)}00:${hex(number)}00::1`, `flood`))
  for (const reply of replies) assert.match(reply, /^550 5\.1\.1 /)
  const [bytes, letGo] = [await metric('postern_ledger_bytes'), await metric('postern_ledger_let_go_total')]
  assert.ok(bytes <= 1.1 * 1024 ** 2, `${bytes} bytes`)
  assert.ok(letGo > before_, 'it says that counts were let go')
  await honestPasses('198.51.100.70')
  // What is counted now is still held to its limit.
  for (let number = 0; number < 10; number++) await guess('198.51.100.71', `late${number}`)
  assert.match(await guess('198.51.100.71', 'late'), /^421 4\.7\.1 /)
})

function hex(number: number): string {
  return (number & 0xff).toString(16).padStart(2, '0')
}

async function popGreeting(ip: string): Promise<string> {
  const wire = await Wire.open(server.ports.pop3, { proxied: ip })
  try {
    return await wire.line()
  } finally {
    wire.close()
  }
}

/** Log in over POP3 under TLS; gives the answer to the password, or the greeting that was none. */
async function popLogin(ip: string, password: string): Promise<string> {
  const origin: Origin = { proxied: ip, tls: true }
  const wire = await Wire.open(server.ports.pop3s, origin)
  try {
    const greeting = await wire.line()
    if (!greeting.startsWith('+OK')) return greeting
    await wire.write(`USER ${ANNA}\r\n`)
    await wire.line()
    await wire.write(`PASS ${password}\r\n`)
    return await wire.line()
  } finally {
    wire.close()
  }
}

async function loggedIn(ip: string): Promise<SmtpClient> {
  const session = await SmtpClient.greeted(server.ports.submissions, { proxied: ip, tls: true })
  assert.match(await session.login(ANNA, PASSWORD), /^235 /)
  return session
}

async function statesInQueue(): Promise<readonly string[]> {
  const { items } = await ask<{ readonly items: readonly { readonly state: string }[] }>('queue', 'list')
  return items.map(({ state }) => state)
}
