/** Mail from a stranger into a local mailbox: 4 KiB a message, 250 only once it is on disk; against those who do less. */
import { setTimeout as pause } from 'node:timers/promises'
import { startHaraka } from '../peers/haraka.ts'
import type { Peer } from '../peers/peer.ts'
import { startPosternPeer, USER } from '../peers/postern.ts'
import { smtpSource, startPostfix, startSmtpSink } from '../peers/postfix.ts'
import { startSmtpServer } from '../peers/smtp-server.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const SIZE_BYTES = 4096
/** Seconds that one measurement should take: long enough to hide the start, short enough to interleave. */
const SECONDS = 4
/** Messages of the first measurement, and the fewest of any. */
const FIRST = 300

const SHAPES = [
  { sessions: 20, kept: false },
  { sessions: 100, kept: false },
  { sessions: 20, kept: true },
  { sessions: 100, kept: true },
] as const
type Shape = (typeof SHAPES)[number]

/** Run the scenario: each server in turn, shape by shape, again and again, so that a slow minute hits all alike. */
export async function inbound(options: Options): Promise<Outcome> {
  const peers: Peer[] = []
  try {
    peers.push(await startSmtpSink(), await startPostfix(DOMAIN), await startHaraka(DOMAIN), await startSmtpServer())
    peers.push(await startPosternPeer(DOMAIN))
    const sent = new Map<Peer, number>()
    const rates = new Map<string, number[]>()
    const perSecond = new Map<string, number>()
    const acknowledged: number[] = []
    const notes: string[] = []

    for (let round = 0; round <= options.repetitions; round++) {
      for (const shape of SHAPES) {
        for (const peer of peers) {
          const key = keyOf(peer, shape)
          // Round 0 warms up, and finds how many messages fill the time.
          const known = perSecond.get(key)
          const messages =
            known === undefined ? FIRST : Math.max(FIRST, Math.round(known * (options.quick ? 0.2 : SECONDS)))
          const total = (sent.get(peer) ?? 0) + messages
          sent.set(peer, total)
          const load = { port: peer.port, messages, ...shape, sizeBytes: SIZE_BYTES, recipient: `${USER}@${DOMAIN}` }
          const sendSeconds = await smtpSource(load)
          const seconds = sendSeconds + (peer.queues === true ? await secondsUntilKept(peer, total) : 0)
          perSecond.set(key, messages / seconds)
          if (round === 0) continue
          if (peer.queues === true) acknowledged.push(messages / sendSeconds)
          rates.set(key, [...(rates.get(key) ?? []), messages / seconds])
          const rate = `${peer.name} ${Math.round(messages / seconds)}/s`
          options.say(`  inbound ${round}/${options.repetitions} ${describe(shape)}: ${rate}`)
        }
      }
    }

    notes.push(
      `Postfix answers 250 from its queue: ${Math.round(median(acknowledged))}/s while that grows; counted is the mailbox`,
    )
    for (const peer of peers) notes.push(await account(peer, sent.get(peer) ?? 0))
    const figures = SHAPES.flatMap((shape) => peers.map((peer) => figureOf(peer, shape, rates)))
    return { scenario: 'inbound', figures, bars: barsOf(figures), notes }
  } finally {
    for (const peer of peers) await peer.stop()
  }
}

/** Wait until all that was sent stands in the mailbox, and give the seconds that took. */
async function secondsUntilKept(peer: Peer, total: number): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const spentMs = performance.now() - startedMs
    const kept = (await peer.kept?.()) ?? total
    if (kept >= total) return spentMs / 1000
    if (spentMs > 120_000)
      throw new Error(`${peer.name} has ${kept} of ${total} messages in the mailbox after two minutes`)
    await pause(50)
  }
}

/** Say whether all that was acknowledged stands in the mailbox; a loss of ours ends the bench. */
async function account(peer: Peer, sent: number): Promise<string> {
  if (peer.kept === undefined) return `${peer.name} threw ${sent} messages away`
  const kept = await peer.kept()
  if (kept === sent) return `${peer.name}: ${sent} acknowledged, all in the mailbox`
  if (peer.name === 'Postern') throw new Error(`Postern holds ${kept} of ${sent} acknowledged messages`)
  return `${peer.name}: ${sent} acknowledged, ${kept} in the mailbox`
}

function keyOf(peer: Peer, shape: Shape): string {
  return `${peer.name} ${describe(shape)}`
}

function describe({ sessions, kept }: Shape): string {
  return `${sessions} sessions, ${kept ? 'connections kept' : 'a connection each'}`
}

function figureOf(peer: Peer, shape: Shape, rates: ReadonlyMap<string, readonly number[]>): Figure {
  const values = rates.get(keyOf(peer, shape)) ?? []
  const who = `${peer.name}${peer.durable ? '' : ' (not durable)'}`
  return { who, what: `messages/s, ${describe(shape)}`, median: median(values), spread: spread(values), values }
}

function barsOf(figures: readonly Figure[]): readonly Bar[] {
  return SHAPES.flatMap((shape) => {
    const of = (name: string) =>
      figures.find((figure) => figure.who.startsWith(name) && figure.what.endsWith(describe(shape)))?.median ??
      Number.NaN
    const bar = (name: string, wanted: number): Bar => {
      const reached = of('Postern') / of(name)
      return { what: `inbound, ${describe(shape)}`, wanted: `>= ${wanted} x ${name}`, reached, met: reached >= wanted }
    }
    return [bar('Postfix', 10), bar('smtp-sink', 0.5)]
  })
}
