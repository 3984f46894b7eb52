/** An attack: strangers asking to relay, and guesses of recipients, from 500 addresses at once, a connection for each; and an honest client meanwhile. */
import { setTimeout as pause } from 'node:timers/promises'
import { type CrowdResult, guessUntilBlocked, sendCrowd } from '../load/crowd.ts'
import type { Peer } from '../peers/peer.ts'
import { startPosternPeer } from '../peers/postern.ts'
import { startPostfix, startSmtpSink } from '../peers/postfix.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const ADDRESSES = 500
const SECONDS = 5
/** Sessions of a gentle attack: far more than any server sees in peace, and less than what fills this machine. */
const GENTLE_PER_SECOND = 1000
/** Messages a second of the honest clients, twenty addresses of them. */
const HONEST_PER_SECOND = 40

/** Between two loads: what the first left half-open is closed. */
const SETTLE_MS = 1000

/** What the limits of evidence would end within seconds: raised, so that every session is refused and none is blocked. */
const RAISED = { unknownRecipients: 'unlimited', deniedRelays: 'unlimited', connectionsPerMinute: 'unlimited' }

type Attack = 'quiet' | 'gentle' | 'full'
const ATTACKS: Readonly<Record<Attack, string>> = {
  quiet: 'no attack',
  gentle: `${GENTLE_PER_SECOND} attackers a second`,
  full: `${ADDRESSES} attackers at once, as fast as they can`,
}

interface Contender {
  readonly who: string
  readonly peer: Peer
  /** Whether its sessions must end in a refusal for good; one that blocks says 421. */
  readonly refuses: boolean
  /** smtp-sink told to refuse takes nobody's mail. */
  readonly takesHonest: boolean
}

/** Run the scenario. One server at a time is up, so that none that rests takes memory or time from the one that is measured. */
export async function refuse(options: Options): Promise<Outcome> {
  const figures: Figure[] = []
  const notes: string[] = []
  const starts: readonly (() => Promise<Contender>)[] = [
    async () => ({ who: 'smtp-sink', peer: await startSmtpSink(['-f', 'RCPT']), refuses: true, takesHonest: false }),
    async () => ({ who: 'Postfix', peer: await startPostfix(DOMAIN), refuses: true, takesHonest: true }),
    async () => ({ who: 'Postern', peer: await startPosternPeer(DOMAIN, RAISED), refuses: true, takesHonest: true }),
    async () => ({
      who: 'Postern, limits as they come',
      peer: await startPosternPeer(DOMAIN, {}),
      refuses: false,
      takesHonest: true,
    }),
  ]
  const values = new Map<string, number[]>()
  const keep = (who: string, what: string, value: number) => {
    const key = JSON.stringify([who, what])
    values.set(key, [...(values.get(key) ?? []), value])
  }
  for (let round = 1; round <= options.repetitions; round++) {
    for (const start of starts) {
      const contender = await start()
      try {
        await measure(contender, round, options, keep)
      } finally {
        await contender.peer.stop()
      }
    }
  }
  for (const [key, found] of values) {
    const [who, what] = JSON.parse(key) as [string, string]
    figures.push({ who, what, values: found, median: median(found), spread: spread(found) })
  }
  notes.push(
    `raised for the refusing path: ${Object.keys(RAISED)
      .map((name) => `limits.${name}`)
      .join(', ')}; all other rules are as they come, for strangers`,
    'with the limits as they come, the attackers are blocked after ten guesses: measured is what follows, sessions that are turned away',
  )
  return { scenario: 'refuse', figures, bars: barsOf(figures), notes }
}

async function measure(
  { who, peer, refuses, takesHonest }: Contender,
  round: number,
  options: Options,
  keep: (who: string, what: string, value: number) => void,
): Promise<void> {
  const seconds = options.quick ? 1 : SECONDS
  const load = { port: peer.port, domain: DOMAIN, addresses: ADDRESSES, atOnce: ADDRESSES, seconds }
  // Compiles the code of the server.
  await sendCrowd({ ...load, does: 'mixed', seconds: 2 })
  if (!refuses) await guessUntilBlocked(load)
  await pause(SETTLE_MS)

  for (const does of ['relay', 'guess'] as const) {
    const result = await sendCrowd({ ...load, does })
    check(who, result, refuses)
    await pause(SETTLE_MS)
    const rate = result.sessions / result.seconds
    keep(who, `sessions/s, ${does === 'relay' ? 'asking to relay' : 'guessing recipients'}`, rate)
    options.say(
      `  refuse ${round}: ${who}, ${does}: ${Math.round(rate)} sessions/s (${told(result)}; the load took ${result.cpuSeconds.toFixed(1)} s of processor)`,
    )
  }

  if (!takesHonest) return
  for (const attack of Object.keys(ATTACKS) as Attack[]) {
    const honest = sendCrowd({
      ...{ port: peer.port, domain: DOMAIN, does: 'honest', addresses: 20, atOnce: 20 },
      ...{ ratePerSecond: HONEST_PER_SECOND, seconds },
    })
    const attackers =
      attack === 'quiet'
        ? undefined
        : sendCrowd({ ...load, does: 'mixed', ...(attack === 'gentle' ? { ratePerSecond: GENTLE_PER_SECOND } : {}) })
    const result = await honest
    await attackers
    const wrong = Object.entries(result.codes).filter(([code]) => code !== '250')
    if (wrong.length > 0) throw new Error(`${who}: honest clients were told ${JSON.stringify(result.codes)}`)
    keep(who, `honest client's p50, ms, ${ATTACKS[attack]}`, result.p50Ms)
    keep(who, `honest client's p99, ms, ${ATTACKS[attack]}`, result.p99Ms)
    options.say(
      `  refuse ${round}: ${who}, honest, ${ATTACKS[attack]}: p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms of ${result.sessions}`,
    )
    await pause(SETTLE_MS)
  }
}

/** Every attacker must have been refused, or turned away where blocks stand: the rate of something else would mean nothing. */
function check(who: string, { sessions, codes }: CrowdResult, refuses: boolean): void {
  const wanted = Object.entries(codes)
    .filter(([code]) => (refuses ? code.startsWith('5') : code === '421'))
    .reduce((sum, [, count]) => sum + count, 0)
  if (sessions === 0 || wanted < sessions) throw new Error(`${who}: the attackers were told ${JSON.stringify(codes)}`)
}

function told({ codes }: CrowdResult): string {
  return Object.entries(codes)
    .map(([code, count]) => `${count} x ${code}`)
    .join(', ')
}

function barsOf(figures: readonly Figure[]): readonly Bar[] {
  const of = (who: string, what: string) =>
    figures.find((figure) => figure.who === who && figure.what === what)?.median ?? Number.NaN
  const rates = ['asking to relay', 'guessing recipients'].flatMap((what) =>
    (
      [
        ['smtp-sink', 0.5],
        ['Postfix', 5],
      ] as const
    ).map(([name, wanted]): Bar => {
      const reached = of('Postern', `sessions/s, ${what}`) / of(name, `sessions/s, ${what}`)
      return { what: `refuse, ${what}`, wanted: `>= ${wanted} x ${name}`, reached, met: reached >= wanted }
    }),
  )
  const waits = ['Postern', 'Postern, limits as they come', 'Postfix'].flatMap((who) =>
    (['gentle', 'full'] as const).map((attack): Bar => {
      const p99 = (of_: Attack) => of(who, `honest client's p99, ms, ${ATTACKS[of_]}`)
      const reached = p99(attack) / p99('quiet')
      return {
        what: `refuse, honest p99, ${who}, ${ATTACKS[attack]}`,
        wanted: '<= 2 x quiet',
        reached,
        met: reached <= 2,
      }
    }),
  )
  return [...rates, ...waits]
}
