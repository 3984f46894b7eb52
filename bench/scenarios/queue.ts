/**
 * A queue of a million messages that wait, for ten thousand domains, beside one with nothing in it but what is measured: what it costs
 * to accept mail for elsewhere, and to wake, read and settle what is due. And how long the server takes to start with it.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/sqlite/open.ts'
import { type StoreWriter, startWriter } from '../../src/store/sqlite/start.ts'
import { startPostern } from '../../test/server.ts'
import { dequeue, enqueue, haveWait, scattered } from '../load/waiting-queue.ts'
import { emptyFolder, freePort } from '../peers/peer.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const ENQUEUE = 'enqueue, messages/s'
const DEQUEUE = 'dequeue (wake, read, settle), messages/s'
const CLEAR = 'taking out the rest of it in idle moments, messages/s'
const START = 'start of the server, s'
const FULL = 'full queue'
const EMPTY = 'empty queue'

/** Times as slow as an empty queue at most, and seconds to start in. */
const SLOWER_AT_MOST = 1.5
const START_WITHIN_S = 5
/** One in so many is due at a time. */
const SHARE_DUE = 100
/** Messages that are ready at once while the queue is filled. */
const FILLED_AT_ONCE = 10_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Queue {
  readonly who: typeof FULL | typeof EMPTY
  readonly dataDir: string
  readonly store: Store
  readonly writer: StoreWriter
  /** The number of the last entry that was made to wait. */
  last: number
}

/** Run the scenario: the two queues in turns. */
export async function queue({ repetitions, quick, say }: Options): Promise<Outcome> {
  const [messages, domains] = quick ? [20_000, 200] : [1_000_000, 10_000]
  const dueAtOnce = messages / SHARE_DUE
  const startedMs = Date.now()
  const full = await open(FULL)
  const empty = await open(EMPTY)
  const values = new Map<string, number[]>()
  const put = (what: string, who: string, value: number) =>
    values.set(`${what}|${who}`, [...(values.get(`${what}|${who}`) ?? []), value])
  try {
    say(`  queue: filling with ${messages} messages`)
    await fill(full, { messages, domains, startedMs, shares: repetitions + 2 })
    for (let round = 0; round <= repetitions; round++) {
      const told: string[] = []
      for (const each of round % 2 === 0 ? [full, empty] : [empty, full]) {
        const { store, who } = each
        // The empty queue holds what is about to be due, and nothing else.
        if (who === EMPTY) {
          await enqueue(store, dueAtOnce, domains)
          each.last = await haveWait(store, each.last, () => startedMs)
        }
        await each.writer.tidy()
        let gone = 0
        const dequeueS = await timed(async () => {
          gone = await dequeue(store, who === EMPTY ? startedMs : dueMs(startedMs, round))
        })
        const clearS = await timed(() => each.writer.tidy())
        const enqueueS = await timed(() => enqueue(store, dueAtOnce, domains))
        if (who === FULL) each.last = await haveWait(store, each.last, () => startedMs + DAY_MS)
        else await store.queue.remove({}, { atMs: startedMs, story: '{}' })
        if (round === 0) continue
        put(DEQUEUE, who, gone / dequeueS)
        put(ENQUEUE, who, dueAtOnce / enqueueS)
        put(CLEAR, who, gone / clearS)
        told.push(`${who} ${Math.round(gone / dequeueS)} out, ${Math.round(dueAtOnce / enqueueS)} in`)
      }
      if (round > 0) say(`  queue ${round}/${repetitions}: ${told.join('; ')}`)
    }
  } finally {
    for (const { store, writer } of [full, empty]) {
      await store.close()
      await writer.close()
    }
  }
  for (let round = 1; round <= repetitions; round++) {
    for (const { who, dataDir } of round % 2 === 0 ? [full, empty] : [empty, full])
      put(START, who, await startingSeconds(dataDir))
  }
  for (const { dataDir } of [full, empty]) rmSync(dataDir, { recursive: true })

  const figures = [DEQUEUE, CLEAR, ENQUEUE, START].flatMap((what) =>
    [FULL, EMPTY].map((who): Figure => {
      const each = values.get(`${what}|${who}`) ?? []
      return { who, what, median: median(each), spread: spread(each), values: each }
    }),
  )
  const notes = [
    `${messages} messages wait for ${domains} domains, and 1 in ${SHARE_DUE} of them, scattered, is due at a time`,
    'Dequeue leaves rows that lie far from the newest for idle moments; how fast these are taken out is a figure of its own',
  ]
  return { scenario: 'queue', figures, bars: barsOf(figures), notes }
}

async function open(who: Queue['who']): Promise<Queue> {
  const dataDir = join(emptyFolder(who.replace(' ', '-')), 'data')
  mkdirSync(dataDir)
  const file = join(dataDir, 'postern.db')
  const writer = await startWriter({ file })
  const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  return { who, dataDir, store, writer, last: 0 }
}

/** The moment that a round's share of the full queue is due at; all of them are past, so that the last is due as the server starts. */
function dueMs(startedMs: number, round: number): number {
  return startedMs - 1000 + round
}

/** Fill a queue; of its shares one is due for each round and one as the server starts, and all others much later. */
async function fill(
  queue: Queue,
  { messages, domains, startedMs, shares }: Record<'messages' | 'domains' | 'startedMs' | 'shares', number>,
): Promise<void> {
  function dueOf(id: number): number {
    const share = scattered(id + messages) % SHARE_DUE
    // As retries are: in the order that they came in, give or take a little.
    return share < shares ? dueMs(startedMs, share) : startedMs + DAY_MS + id * 10 + (scattered(id) % HOUR_MS)
  }
  for (let left = messages; left > 0; left -= FILLED_AT_ONCE) {
    await enqueue(queue.store, Math.min(left, FILLED_AT_ONCE), domains)
    queue.last = await haveWait(queue.store, queue.last, dueOf)
  }
}

async function startingSeconds(dataDir: string): Promise<number> {
  // Nobody answers there: delivery gets as far as asking for the way.
  const dns = `127.0.0.1:${await freePort()}`
  let server: Awaited<ReturnType<typeof startPostern>> | undefined
  const settings = { server: { hostname: 'mail.here.example' }, dns: { servers: [dns] }, logs: { console: false } }
  const seconds = await timed(async () => {
    server = await startPostern({ dataDir, provision: { settings, domains: ['here.example'] } })
  })
  await server?.stop()
  return seconds
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await run()
  return (performance.now() - startedMs) / 1000
}

function barsOf(figures: readonly Figure[]): readonly Bar[] {
  const of = (what: string, who: string) =>
    figures.find((figure) => figure.what === what && figure.who === who)?.median ?? Number.NaN
  const slower = [ENQUEUE, DEQUEUE].map((what): Bar => {
    const reached = of(what, EMPTY) / of(what, FULL)
    return { what, wanted: `<= ${SLOWER_AT_MOST} x slower than empty`, reached, met: reached <= SLOWER_AT_MOST }
  })
  const reached = of(START, FULL)
  return [...slower, { what: START, wanted: `<= ${START_WITHIN_S}`, reached, met: reached <= START_WITHIN_S }]
}
