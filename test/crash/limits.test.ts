/** Counts, blocks and stopped accounts are there after kill -9, and before the first client is greeted. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { type RunningPostern, startPostern } from '../server.ts'
import { SmtpClient } from '../smtp-client.ts'
import { until } from '../until.ts'
import { Gone } from '../wire.ts'
import { type LimitRound, PROVISION, runLimitRounds } from './limit-rounds.ts'

const ROUNDS = 4
const ANNA = 'anna@example.test'
const PASSWORD = 'kept through every crash'
const seed = Math.floor(Math.random() * 1e9)

test(`killed ${ROUNDS} times while limits are used up, nobody gets more than the limit`, async (t) => {
  t.diagnostic(`seed ${seed}: node test/crash/main.ts --limits ${ROUNDS} --seed ${seed}`)
  const rounds: LimitRound[] = []
  await runLimitRounds({ rounds: ROUNDS, seed, done: (round) => rounds.push(round) })
  assert.deepEqual(
    rounds.flatMap(({ findings }) => findings),
    [],
  )
  assert.ok(
    rounds.some(({ answers }) => answers > 0) && rounds.some(({ messages }) => messages > 0),
    'nobody got anything: the rounds proved nothing',
  )
})

/** Kill the server, start it on the same data, and give it with every greeting that a client heard in between. */
async function killAndStart(
  server: RunningPostern,
  ip: string,
): Promise<{ readonly again: RunningPostern; readonly greetings: readonly string[] }> {
  await server.kill('SIGKILL')
  const greetings: string[] = []
  let going = true
  async function knock(): Promise<void> {
    while (going) {
      try {
        using client = await SmtpClient.connect(server.ports.smtp, { proxied: ip })
        greetings.push(await client.reply())
      } catch (error) {
        if (!(error instanceof Gone)) throw error
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
  }
  const knocking = knock()
  const again = await startPostern({ provision: PROVISION, dataDir: server.dataDir, ports: server.ports })
  await until('a client was answered', async () => greetings[0])
  going = false
  await knocking
  return { again, greetings }
}

async function guess(server: RunningPostern, ip: string, name: string): Promise<string> {
  using session = await SmtpClient.greeted(server.ports.smtp, { proxied: ip })
  await session.ask('MAIL FROM:<guesser@far.example>', '250')
  return await session.ask(`RCPT TO:<${name}@example.test>`)
}

test('half of the guesses before kill -9 and half after: the limit is the same', async () => {
  let server = await startPostern({ provision: PROVISION })
  const { dataDir } = server
  try {
    const ip = '198.51.100.9'
    for (let number = 0; number < 5; number++) assert.match(await guess(server, ip, `early${number}`), /^550 5\.1\.1 /)
    server = (await killAndStart(server, '198.51.100.10')).again
    for (let number = 0; number < 5; number++) assert.match(await guess(server, ip, `late${number}`), /^550 5\.1\.1 /)
    assert.match(await guess(server, ip, 'too-many'), /^421 4\.7\.1 /)
  } finally {
    await server.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('blocks and stopped accounts hold from the first connection on, with their end and their reason', async () => {
  let server = await startPostern({ provision: PROVISION })
  const { dataDir } = server
  try {
    const ip = '198.51.100.20'
    const json = async <T>(...args: readonly string[]) =>
      JSON.parse((await server.postern([...args, '--json'])).stdout) as T
    for (let number = 0; number <= 10; number++) await guess(server, ip, `name${number}`)
    const before = await until('the guesser is blocked', async () => {
      const { items } = await json<{ readonly items: readonly Record<string, unknown>[] }>('blocks', 'list')
      return items.find(({ network }) => network === ip)
    })
    await json('blocks', 'add', '203.0.113.0/24', '--why', 'by hand')
    await json('user', 'freeze', ANNA, '--why', 'the password is known to others')

    const { again, greetings } = await killAndStart(server, ip)
    server = again
    for (const greeting of greetings) assert.match(greeting, /^421 4\.(7\.1|3\.\d) /)
    assert.match(greetings.at(-1) ?? '', new RegExp(`^421 4\\.7\\.1 .*\\[ref ${String(before.ref)}\\]$`))

    const { items } = await json<{ readonly items: readonly Record<string, unknown>[] }>('blocks', 'list')
    const found = items.find(({ network }) => network === ip)
    for (const key of ['id', 'network', 'reason', 'evidence', 'since', 'until', 'ref']) {
      assert.deepEqual(found?.[key], before[key], key)
    }
    using byHand = await SmtpClient.connect(server.ports.smtp, { proxied: '203.0.113.77' })
    assert.match(await byHand.reply(), /^554 5\.7\.1 /)

    using session = await SmtpClient.greeted(server.ports.submissions, { proxied: '198.51.100.30', tls: true })
    assert.match(await session.login(ANNA, PASSWORD), /^235 /)
    assert.match(await session.send({ from: ANNA, to: 'someone@far.example' }), /^450 4\.7\.0 /)
  } finally {
    await server.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
})
