/** What a connection that is open and silent costs: resident memory of the whole process tree over that of the server at rest. */
import { setTimeout as pause } from 'node:timers/promises'
import { gatherIdleCrowd } from '../load/idle-crowd.ts'
import { startHaraka } from '../peers/haraka.ts'
import { type Peer, residentBytes } from '../peers/peer.ts'
import { startPosternPeer } from '../peers/postern.ts'
import { startSmtpServer } from '../peers/smtp-server.ts'
import type { Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const KIB = 1024
const BAR_KIB = 12
/** Each takes half a minute and differs little from the last. */
const REPETITIONS = 3

/** Run the scenario: every server alone, from a fresh start. */
export async function idle(options: Options): Promise<Outcome> {
  const size = options.quick ? 500 : 10_000
  const figures: Figure[] = []
  for (const start of [() => startPosternPeer(DOMAIN), startSmtpServer, () => startHaraka(DOMAIN)]) {
    const values: number[] = []
    let who = ''
    for (let round = 1; round <= Math.min(options.repetitions, REPETITIONS); round++) {
      const peer = await start()
      who = peer.name
      try {
        const { eachKib, baseMib } = await measure(peer, size)
        values.push(eachKib)
        options.say(`  idle ${round}: ${who} ${eachKib.toFixed(1)} KiB a connection, ${baseMib.toFixed(0)} MiB at rest`)
      } finally {
        await peer.stop()
      }
    }
    figures.push({
      who,
      what: `KiB a connection, ${size} open`,
      median: median(values),
      spread: spread(values),
      values,
    })
  }
  const reached = figures[0]?.median ?? Number.NaN
  const bar = { what: `idle, ${size} connections`, wanted: `<= ${BAR_KIB} KiB each`, reached, met: reached <= BAR_KIB }
  return { scenario: 'idle', figures, bars: [bar], notes: [] }
}

async function measure(peer: Peer, size: number): Promise<{ readonly eachKib: number; readonly baseMib: number }> {
  // The code is compiled and the first buffers are made by a small crowd that comes and goes.
  const first = await gatherIdleCrowd(peer.port, 200)
  await first.leave()
  await pause(3000)
  const baseBytes = residentBytes(peer.pid)
  const crowd = await gatherIdleCrowd(peer.port, size)
  await pause(10_000)
  const fullBytes = residentBytes(peer.pid)
  if (crowd.open !== size) throw new Error(`${peer.name} holds ${crowd.open} of ${size} connections`)
  await crowd.leave()
  return { eachKib: (fullBytes - baseBytes) / size / KIB, baseMib: baseBytes / KIB / KIB }
}
