/** Domains that are down, that never answer, and that refuse one in three, with much mail waiting for them: what it costs the others. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type MailSink, startMailSink } from '../../test/mail-sink.ts'
import { SmtpClient } from '../../test/smtp-client.ts'
import { type CountingSink, startCountingSink } from '../peers/counting-sink.ts'
import { freePort } from '../peers/peer.ts'
import { type PosternPeer, startPosternRelay } from '../peers/postern.ts'
import { smtpSource } from '../peers/postfix.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const BAD = ['down.test', 'silent.test', 'slow.test', 'third.test'] as const
/** Waiting for each of the bad domains. */
const BACKLOG = 1000
const MESSAGES = 8000
/** A message a moment for a domain of its own: how long it takes. */
const PROBES_EVERY_MS = 10

type State = 'alone' | 'beside them'

interface World {
  readonly peer: PosternPeer
  readonly good: CountingSink
  readonly probes: MailSink
  stop(): Promise<void>
}

/** Run the scenario: the same load with nothing else about, and with four bad domains beside it. */
export async function badDomains({ repetitions, quick, say }: Options): Promise<Outcome> {
  const messages = quick ? 300 : MESSAGES
  const rates: Record<State, number[]> = { alone: [], 'beside them': [] }
  const waits: Record<State, number[]> = { alone: [], 'beside them': [] }
  for (let round = 1; round <= repetitions; round++) {
    // A new server each time: what waits for the bad domains would otherwise be there in the next round.
    for (const state of ['alone', 'beside them'] as const) {
      const world = await openWorld()
      try {
        await measure(world, FIRST)
        if (state === 'beside them') {
          for (const domain of BAD) await send(world, quick ? 100 : BACKLOG, `someone@${domain}`)
          // By now all of them have been met.
          await pause(3000)
        }
        const { rate, p99Ms } = await measure(world, messages)
        rates[state].push(rate)
        waits[state].push(p99Ms)
        say(`  bad-domains ${round}/${repetitions} ${state}: ${Math.round(rate)}/s, p99 ${p99Ms.toFixed(1)} ms`)
      } finally {
        await world.stop()
      }
    }
  }
  const figures = (['alone', 'beside them'] as const).flatMap((state) => [
    figureOf(`messages/s to good domains, ${state}`, rates[state]),
    figureOf(`p99 of a message on its way, ms, ${state}`, waits[state]),
  ])
  const kept = median(rates['beside them']) / median(rates.alone)
  const slower = median(waits['beside them']) / median(waits.alone)
  const bars: readonly Bar[] = [
    { what: 'bad-domains, messages/s', wanted: '>= 0.8 x alone', reached: kept, met: kept >= 0.8 },
    { what: 'bad-domains, p99', wanted: '<= 2 x alone', reached: slower, met: slower <= 2 },
  ]
  const notes = [
    `${BACKLOG} messages wait for each: one refuses connections, one takes them and is silent, one is silent after RCPT, one refuses every third recipient`,
  ]
  return { scenario: 'bad-domains', figures, bars, notes }
}

/** Messages that warm a new server up. */
const FIRST = 300

async function openWorld(): Promise<World> {
  const good = await startCountingSink()
  const probes = await startMailSink()
  const silent = await startSilent()
  const slow = await startMailSink({ answer: (stage) => (stage === 'RCPT' ? 'silence' : undefined) })
  let recipients = 0
  const third = await startMailSink({
    answer: (stage) => (stage === 'RCPT' && recipients++ % 3 === 0 ? '450 4.2.1 Not now' : undefined),
    taken: () => {},
  })
  const ports = {
    'good.test': good.port,
    'probe.test': probes.port,
    'down.test': await freePort(),
    'silent.test': silent.port,
    'slow.test': slow.port,
    'third.test': third.port,
  }
  const routes = Object.entries(ports).map(([domain, port]) => ({ recipient: `*@${domain}`, host: '127.0.0.1', port }))
  const peer = await startPosternRelay(DOMAIN, routes, { queue: { retry: ['2s'], warnAfter: null } })
  return {
    peer,
    good,
    probes,
    async stop() {
      await peer.stop()
      for (const one of [good, probes, silent, slow, third]) await one.stop()
    },
  }
}

function send({ peer }: World, messages: number, recipient: string): Promise<number> {
  return smtpSource({ port: peer.port, messages, sessions: 20, kept: true, sizeBytes: 4096, recipient })
}

/** Send to a good domain, and meanwhile a message a moment to another. */
async function measure(world: World, messages: number): Promise<{ readonly rate: number; readonly p99Ms: number }> {
  const { good } = world
  const total = good.count() + messages
  const startedMs = performance.now()
  let isDone = false
  const waits = probe(world, () => isDone)
  await Promise.all([send(world, messages, 'someone@good.test'), good.reached(total)])
  const rate = (messages / (performance.now() - startedMs)) * 1000
  isDone = true
  const sorted = (await waits).toSorted((a, b) => a - b)
  return { rate, p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN }
}

/** Send a message a moment until the load is done; gives the milliseconds until each was at its end. */
async function probe({ peer, probes }: World, isDone: () => boolean): Promise<readonly number[]> {
  using client = await SmtpClient.connect(peer.port)
  await client.reply()
  await client.ask('EHLO probe.example')
  const waits: number[] = []
  do {
    const before = probes.messages.length
    const sentMs = performance.now()
    for (const line of ['MAIL FROM:<a@far.example>', 'RCPT TO:<b@probe.test>', 'DATA']) await client.ask(line)
    await client.ask('Subject: probe\r\n\r\nhow long?\r\n.')
    while (probes.messages.length === before) {
      if (performance.now() - sentMs > 60_000)
        throw new Error('a message to a good domain has not arrived within a minute')
      await pause(1)
    }
    waits.push(performance.now() - sentMs)
    await pause(PROBES_EVERY_MS)
  } while (!isDone())
  return waits
}

/** Take connections, and say nothing. */
async function startSilent(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const open = new Set<Socket>()
  const server: Server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async stop() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

function figureOf(what: string, values: readonly number[]): Figure {
  return { who: 'Postern', what, median: median(values), spread: spread(values), values }
}
