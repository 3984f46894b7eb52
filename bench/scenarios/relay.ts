/** Mail from a trusted client through the queue to another server (smtp-sink): until the other server has all of it. */
import { type CountingSink, startCountingSink } from '../peers/counting-sink.ts'
import type { Peer } from '../peers/peer.ts'
import { startPosternRelay } from '../peers/postern.ts'
import { smtpSource, startPostfixRelay } from '../peers/postfix.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const RECIPIENT = 'someone@far.example'
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

interface Relay {
  readonly peer: Peer
  readonly sink: CountingSink
}

/** Run the scenario: each server in turn, shape by shape, again and again, so that a slow minute hits all alike. */
export async function relay(options: Options): Promise<Outcome> {
  const relays: Relay[] = []
  const postfixSink = await startCountingSink()
  const posternSink = await startCountingSink()
  try {
    relays.push({ peer: await startPostfixRelay(DOMAIN, postfixSink.port), sink: postfixSink })
    const peer = await startPosternRelay(DOMAIN, [{ host: '127.0.0.1', port: posternSink.port }])
    relays.push({ peer, sink: posternSink })

    const rates = new Map<string, number[]>()
    const perSecond = new Map<string, number>()
    const accepting = new Map<string, number[]>()
    for (let round = 0; round <= options.repetitions; round++) {
      for (const shape of SHAPES) {
        for (const { peer, sink } of relays) {
          const key = keyOf(peer.name, shape)
          // Round 0 warms up, and finds how many messages fill the time.
          const known = perSecond.get(key)
          const seconds = options.quick ? 0.2 : SECONDS
          const messages = known === undefined ? FIRST : Math.max(FIRST, Math.round(known * seconds))
          const { whole, accepted } = await measure(peer, sink, shape, messages)
          perSecond.set(key, messages / whole)
          if (round === 0) continue
          add(rates, key, messages / whole)
          add(accepting, peer.name, messages / accepted)
          const rate = `${peer.name} ${Math.round(messages / whole)}/s (taken at ${Math.round(messages / accepted)}/s)`
          options.say(`  relay ${round}/${options.repetitions} ${describe(shape)}: ${rate}`)
        }
      }
    }

    const figures = SHAPES.flatMap((shape) => relays.map(({ peer }) => figureOf(peer.name, shape, rates)))
    const notes = relays.map(
      ({ peer, sink }) =>
        `${peer.name} took ${Math.round(median(accepting.get(peer.name) ?? []))}/s and sent ${sink.count()} messages on, none twice`,
    )
    return { scenario: 'relay', figures, bars: barsOf(figures), notes }
  } finally {
    for (const { peer } of relays) await peer.stop()
    await postfixSink.stop()
    await posternSink.stop()
  }
}

/** Send messages in; gives the seconds until the sink has them all, and until they were all taken on. */
async function measure(
  peer: Peer,
  sink: CountingSink,
  shape: Shape,
  messages: number,
): Promise<{ readonly whole: number; readonly accepted: number }> {
  const total = sink.count() + messages
  const startedMs = performance.now()
  const arrived = sink.reached(total)
  const load = { port: peer.port, messages, ...shape, sizeBytes: SIZE_BYTES, recipient: RECIPIENT }
  const [accepted] = await Promise.all([smtpSource(load), arrived])
  const whole = (performance.now() - startedMs) / 1000
  if (sink.count() > total) throw new Error(`${peer.name} sent ${sink.count() - total} messages twice`)
  return { whole, accepted }
}

function add(values: Map<string, number[]>, key: string, value: number): void {
  values.set(key, [...(values.get(key) ?? []), value])
}

function keyOf(name: string, shape: Shape): string {
  return `${name} ${describe(shape)}`
}

function describe({ sessions, kept }: Shape): string {
  return `${sessions} sessions, ${kept ? 'connections kept' : 'a connection each'}`
}

function figureOf(who: string, shape: Shape, rates: ReadonlyMap<string, readonly number[]>): Figure {
  const values = rates.get(keyOf(who, shape)) ?? []
  return { who, what: `messages/s, ${describe(shape)}`, median: median(values), spread: spread(values), values }
}

function barsOf(figures: readonly Figure[]): readonly Bar[] {
  return SHAPES.map((shape) => {
    const of = (name: string) =>
      figures.find(({ who, what }) => who === name && what.endsWith(describe(shape)))?.median ?? Number.NaN
    const reached = of('Postern') / of('Postfix')
    return { what: `relay, ${describe(shape)}`, wanted: '>= 10 x Postfix', reached, met: reached >= 10 }
  })
}
