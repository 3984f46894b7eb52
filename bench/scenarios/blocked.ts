/** Addresses under a block that keep connecting: how many are turned away a second, and what each costs the disk. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { guessUntilBlocked, onlyCode, sendCrowd } from '../load/crowd.ts'
import type { Peer } from '../peers/peer.ts'
import { type PosternPeer, startPosternPeer } from '../peers/postern.ts'
import { startSmtpSink } from '../peers/postfix.ts'
import type { Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const ADDRESSES = 500
const SECONDS = 4
const BAR = 0.8

/** Run the scenario: smtp-sink answers each connection with 421 too, and closes it; in turns, so that a slow minute hits both. */
export async function blocked(options: Options): Promise<Outcome> {
  const seconds = options.quick ? 1 : SECONDS
  // With the limits as they come: the addresses get blocked as any guesser does.
  const postern = await startPosternPeer(DOMAIN, {})
  const sink = await startSmtpSink(['-Q', 'CONNECT'])
  try {
    const load = { domain: DOMAIN, addresses: ADDRESSES, atOnce: ADDRESSES, seconds }
    await guessUntilBlocked({ ...load, port: postern.port })
    const rates = new Map<Peer, number[]>([
      [sink, []],
      [postern, []],
    ])
    const bytesEach: number[] = []
    for (let round = 0; round <= options.repetitions; round++) {
      for (const peer of [sink, postern]) {
        const before = peer === postern ? await settledDisk(postern) : undefined
        const result = await sendCrowd({ ...load, port: peer.port, does: 'knock' })
        if (onlyCode(result) !== '421') throw new Error(`${peer.name} answered ${JSON.stringify(result.codes)}`)
        if (before !== undefined) {
          const after = await settledDisk(postern)
          const written = after.writtenBytes - before.writtenBytes
          const grown = after.fileBytes - before.fileBytes
          options.say(`  blocked ${round}: ${written} bytes written to disk, files grown by ${grown} bytes`)
          if (round > 0) bytesEach.push(Math.max(written, grown) / result.sessions)
        }
        const rate = result.sessions / result.seconds
        options.say(
          `  blocked ${round}: ${peer.name} ${Math.round(rate)} connections/s (${result.failed} failed; the load took ${result.cpuSeconds.toFixed(1)} s of processor)`,
        )
        if (round > 0) rates.get(peer)?.push(rate)
      }
    }
    const figures = [...rates].map(([{ name }, values]) => ({
      who: name,
      what: `connections/s, ${ADDRESSES} blocked addresses`,
      values,
      median: median(values),
      spread: spread(values),
    }))
    const each = { who: 'Postern', what: 'bytes to disk for each', values: bytesEach, median: median(bytesEach) }
    const reached = (figures[1]?.median ?? Number.NaN) / (figures[0]?.median ?? Number.NaN)
    return {
      scenario: 'blocked',
      figures: [...figures, { ...each, spread: each.median === 0 ? 0 : spread(bytesEach) }],
      bars: [
        { what: 'blocked, connections/s', wanted: `>= ${BAR} x smtp-sink`, reached, met: reached >= BAR },
        // A few pages of what the server does anyway, by the minute, divided by tens of thousands of connections.
        { what: 'blocked, bytes to disk for each', wanted: '< 1', reached: each.median, met: each.median < 1 },
      ],
      notes: [
        'smtp-sink -Q CONNECT: it too answers 421 and closes, and knows no addresses',
        'bytes: the larger of what the process wrote (/proc/PID/io) and what store, journal and logs grew by, over all of the load',
      ],
    }
  } finally {
    await postern.stop()
    await sink.stop()
  }
}

interface Disk {
  readonly writtenBytes: number
  readonly fileBytes: number
}

/** Read what the process has written, once what earlier load left to be written is written. */
async function settledDisk({ pid, dataDir }: PosternPeer): Promise<Disk> {
  await pause(2000)
  const writtenBytes = Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const fileBytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  return { writtenBytes, fileBytes }
}
