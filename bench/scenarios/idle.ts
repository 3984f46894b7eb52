/** What a connection that is open and silent costs: resident memory of the whole process tree over that of the server at rest. */
import { setTimeout as pause } from 'node:timers/promises'
import { gatherIdleCrowd } from '../load/idle-crowd.ts'
import { startHaraka } from '../peers/haraka.ts'
import { type Peer, residentBytes } from '../peers/peer.ts'
import { startPosternPeer } from '../peers/postern.ts'
import { startSmtpServer } from '../peers/smtp-server.ts'
import type { Figure, Options, Outcome } from '../scenario.ts'

const DOMAIN = 'example.test'
const KIB = 1024
const BAR_KIB = 12

/** Run the scenario: every server alone, from a fresh start. */
export async function idle(options: Options): Promise<Outcome> {
  const size = options.quick ? 500 : 10_000
  const figures: Figure[] = []
  const notes: string[] = []
  for (const start of [() => startPosternPeer(DOMAIN), startSmtpServer, () => startHaraka(DOMAIN)]) {
    const peer = await start()
    try {
      const { eachKib, baseMib } = await measure(peer, size)
      options.say(`  idle: ${peer.name} ${eachKib.toFixed(1)} KiB a connection`)
      figures.push({
        who: peer.name,
        what: `KiB a connection, ${size} open`,
        median: eachKib,
        spread: 0,
        values: [eachKib],
      })
      notes.push(`${peer.name}: ${baseMib.toFixed(0)} MiB at rest`)
    } finally {
      await peer.stop()
    }
  }
  const reached = figures[0]?.median ?? Number.NaN
  const bar = { what: `idle, ${size} connections`, wanted: `<= ${BAR_KIB} KiB each`, reached, met: reached <= BAR_KIB }
  return { scenario: 'idle', figures, bars: [bar], notes }
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
