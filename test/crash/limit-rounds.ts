/** Clients that use up their limits, on a server that is killed again and again: what they may do, they may do once. */
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Provision, startPostern } from '../server.ts'
import { SmtpClient } from '../smtp-client.ts'
import { Gone } from '../wire.ts'
import { createRandom } from './random.ts'

const DOMAIN = 'example.test'
const KNOWN = `anna@${DOMAIN}`

/** What one address may do in an hour: small enough to be used up within a round. */
const GUESSES = 10
const MESSAGES = 12

export const PROVISION: Provision = {
  settings: {
    server: { hostname: `mail.${DOMAIN}` },
    limits: { messagesPerHour: MESSAGES, unknownRecipients: GUESSES, neverBlock: [] },
    sender: { requireDomainInDns: false },
    services: { smtp: { proxyFrom: ['127.0.0.1'] }, submissions: { proxyFrom: ['127.0.0.1'] } },
    logs: { console: false },
  },
  domains: [DOMAIN],
  users: [{ address: KNOWN, password: 'kept through every crash' }],
}

export interface LimitRound {
  readonly seed: number
  readonly afterMs: number
  /** Answers that guessers heard, and messages that senders had taken, in this round. */
  readonly answers: number
  readonly messages: number
  readonly findings: readonly string[]
}

interface Client {
  readonly ip: string
  readonly does: 'guess' | 'send'
  /** Answers that told something, or messages taken: over all rounds. */
  got: number
  /** It was told that its limit is passed. */
  stopped: boolean
}

/**
 * Run rounds on one data directory: new clients use up their limits, and old ones try again, while the server is killed at a random
 * moment and starts again. Nobody may ever get more than the limit, however often it crashes, and who has used it up gets nothing.
 */
export async function runLimitRounds(options: {
  readonly rounds: number
  readonly seed: number
  readonly done: (round: LimitRound) => void
}): Promise<void> {
  let server = await startPostern({ provision: PROVISION })
  const { dataDir, ports } = server
  const clients: Client[] = []
  try {
    for (let number = 0; number < options.rounds; number++) {
      const seed = options.seed + number
      const afterMs = createRandom(seed).integer(50, 700)
      clients.push(...newClients(number))
      const before = clients.map(({ got }) => got)
      let going = true
      const acts = clients.map((client) => act(ports.smtp, client, seed, () => going))
      await pause(afterMs)
      await server.kill('SIGKILL')
      going = false
      const findings: string[] = []
      for (const result of await Promise.allSettled(acts)) {
        if (result.status === 'rejected') findings.push(String(result.reason))
      }
      server = await startPostern({ provision: PROVISION, dataDir, ports })
      for (const client of clients) {
        const most = client.does === 'guess' ? GUESSES : MESSAGES
        if (client.got > most)
          findings.push(`FORGOTTEN: ${client.ip} ${client.does}: got ${client.got}, at most ${most} are allowed`)
      }
      const gained = (does: Client['does']) =>
        clients.reduce((sum, client, index) => sum + (client.does === does ? client.got - (before[index] ?? 0) : 0), 0)
      options.done({ seed, afterMs, answers: gained('guess'), messages: gained('send'), findings })
    }
  } finally {
    await server.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  }
}

function newClients(round: number): readonly Client[] {
  return [
    { ip: `198.51.100.${1 + (round % 250)}`, does: 'guess', got: 0, stopped: false },
    { ip: `2001:db8:${round}::1`, does: 'guess', got: 0, stopped: false },
    { ip: `203.0.113.${1 + (round % 250)}`, does: 'send', got: 0, stopped: false },
  ]
}

/** Go on until the server is gone; one who was stopped asks once more, and must be told the same. */
async function act(port: number, client: Client, seed: number, going: () => boolean): Promise<void> {
  let tries = 0
  while (going()) {
    try {
      using session = await SmtpClient.connect(port, { proxied: client.ip })
      const greeting = await session.reply()
      const reply = greeting.startsWith('220')
        ? await (client.does === 'guess' ? guess(session, `${seed}-${tries++}`) : sendOne(session))
        : greeting
      if (/^(550 5\.1\.1|250)/.test(reply)) {
        client.got += 1
        if (client.stopped) throw new Error(`FORGOTTEN: ${client.ip} had used up its limit, and was told ${reply}`)
      } else if (/^4(21|50) 4\.7\./.test(reply)) {
        client.stopped = true
        return
      } else if (!reply.startsWith('421 4.3.')) throw new Error(`${client.ip} was told ${reply}`)
    } catch (error) {
      if (!(error instanceof Gone)) throw error
      await pause(10)
    }
  }
}

async function guess(session: SmtpClient, name: string): Promise<string> {
  await session.ask('EHLO guesser.far.example')
  await session.ask('MAIL FROM:<guesser@far.example>')
  return await session.ask(`RCPT TO:<guess-${name}@${DOMAIN}>`)
}

async function sendOne(session: SmtpClient): Promise<string> {
  await session.ask('EHLO sender.far.example')
  return await session.send({ from: 'sender@far.example', to: KNOWN })
}
