import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import { formatStory } from '#gate/story.ts'
import { formatKept } from '#smtp/replies.ts'
import type { NewMessage, TlsCount, TransportStore } from '#store/contract.ts'
import { parseReportRecord, type ReportDestination } from './destinations.ts'
import { formatReportMail } from './report-mail.ts'
import { writeTlsReport } from './tls-report.ts'

export interface TlsReportsParts {
  readonly store: Pick<TransportStore, 'countsBefore' | 'forgetCounts'>
  readonly dns: Pick<Dns, 'txt'>
  readonly clock: Clock
  /** Gives a number in [0, 1). */
  readonly random: () => number
  readonly enabled: () => boolean
  readonly hostname: () => string
  readonly isLocalDomain: (domain: string) => Promise<boolean> | boolean
  /** Take a message of ours into the queue. */
  readonly accept: (message: NewMessage) => Promise<unknown>
  /** Send a report by HTTPS; gives what went wrong. */
  readonly post: (url: string, compressed: Uint8Array) => Promise<string | undefined>
  /** The next number for a record, and the reference that stands for it. */
  readonly nextReference: () => { readonly id: number; readonly ref: string }
  readonly faulted: (error: unknown) => void
}

/** Sends reports on TLS to the domains that ask for them. */
export interface TlsReports {
  /** Report all days that are over; resolves with how many reports went. Does not reject. */
  run(): Promise<number>
  stop(): void
}

const compress = promisify(gzip)
const DAY_MS = 86_400_000
/** RFC 8460 §4.1: spread over some hours, so that not all the world reports at midnight. */
const SPREAD_MS = 4 * 3_600_000
/** After a start, for the days that ended while the server was down; and again where a place could not be reached. */
const SOON_MS = 600_000
const AGAIN_MS = 3_600_000
const DOMAINS_AT_ONCE = 50

/** Create the sender of reports: once a day after midnight UTC, at an hour of chance. */
export function createTlsReports(parts: TlsReportsParts): TlsReports {
  const { store, dns, clock } = parts
  let isStopped = false
  let alarm = clock.after(SOON_MS, () => void runAgain())

  async function runAgain(): Promise<void> {
    const { left } = await report()
    if (!isStopped) alarm = clock.after(left ? AGAIN_MS : untilNextMs(), () => void runAgain())
  }

  function untilNextMs(): number {
    const nowMs = clock.nowMs()
    return DAY_MS - (nowMs % DAY_MS) + Math.floor(parts.random() * SPREAD_MS)
  }

  /** Report what is over; `left` when something is to be tried again. */
  async function report(): Promise<{ readonly sent: number; readonly left: boolean }> {
    let sent = 0
    let kept = 0
    try {
      const today = dayOf(clock.nowMs())
      while (!isStopped) {
        // What is kept for another try stands in front: the next step looks beyond it.
        const byDomain = Map.groupBy(await store.countsBefore(today, DOMAINS_AT_ONCE + kept), ({ domain }) => domain)
        const fresh = [...byDomain].slice(kept)
        if (fresh.length === 0) break
        for (const [domain, counts] of fresh) {
          const went = await reportTo(domain, counts)
          sent += went.sent
          if (went.left) kept += 1
        }
      }
    } catch (error) {
      parts.faulted(error)
      return { sent, left: true }
    }
    return { sent, left: kept > 0 }
  }

  /** Report the days of one domain; `left` when some of it stays to be tried again. */
  async function reportTo(
    domain: string,
    counts: readonly TlsCount[],
  ): Promise<{ readonly sent: number; readonly left: boolean }> {
    let sent = 0
    let left = false
    const destinations = parts.enabled() && !(await parts.isLocalDomain(domain)) ? await destinationsOf(domain) : []
    for (const [day, ofDay] of Map.groupBy(counts, (count) => count.day)) {
      const done =
        destinations !== 'unknown' && (destinations.length === 0 || (await send(domain, day, ofDay, destinations)))
      if (done && destinations.length > 0) sent += 1
      // RFC 8460 §5.4: tried for a day, and then no more.
      if (done || Date.parse(day) + 2 * DAY_MS <= clock.nowMs()) await store.forgetCounts(day, domain)
      else left = true
    }
    return { sent, left }
  }

  async function destinationsOf(domain: string): Promise<readonly ReportDestination[] | 'unknown'> {
    const texts = await dns.txt(`_smtp._tls.${domain}`)
    if (texts.is === 'unknown') return 'unknown'
    return texts.is === 'found' ? parseReportRecord(texts.texts) : []
  }

  /** Send one report wherever it is wanted; true when one place at least has taken it. */
  async function send(
    domain: string,
    day: string,
    counts: readonly TlsCount[],
    destinations: readonly ReportDestination[],
  ): Promise<boolean> {
    const hostname = parts.hostname()
    const { id, ref } = parts.nextReference()
    const reportId = `${day}.${ref}@${hostname}`
    const from = `postmaster@${hostname}`
    const json = writeTlsReport(domain, day, counts, { organization: hostname, contact: from, reportId })
    const compressed = await compress(json)
    let taken = false
    for (const destination of destinations) {
      if (destination.is === 'https' && (await parts.post(destination.url, compressed)) === undefined) taken = true
    }
    const to = destinations.flatMap((destination) => (destination.is === 'mail' ? [destination.address] : []))
    if (to.length === 0) return taken
    const dateMs = clock.nowMs()
    const body = formatReportMail({ domain, day, submitter: hostname, from, to, reportId, dateMs, compressed })
    await parts.accept(messageOf({ id, ref, domain, day, to, body, nowMs: dateMs }))
    return true
  }

  return {
    run: async () => (await report()).sent,
    stop() {
      isStopped = true
      alarm.cancel()
    },
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function messageOf(report: {
  readonly id: number
  readonly ref: string
  readonly domain: string
  readonly day: string
  readonly to: readonly string[]
  readonly body: Uint8Array
  readonly nowMs: number
}): NewMessage {
  const { id, ref, domain, day, to, body, nowMs } = report
  return {
    // Nobody wants to hear that a report could not be delivered.
    sender: '',
    receivedAtMs: nowMs,
    trace: new Uint8Array(0),
    body,
    mailboxIds: [],
    // RFC 8689 §5: as its header says, it reaches those whose policy is what is broken.
    queue: to.map((recipient) => ({ recipient, notify: 'NEVER', tlsOptional: true })),
    record: {
      id,
      atMs: nowMs,
      outcome: 'accepted',
      service: 'report',
      ip: '127.0.0.1',
      sender: '',
      recipients: to,
      reply: formatKept(ref),
      story: formatStory({ service: 'report', because: `TLS report to ${domain} on ${day}`, findings: [] }),
    },
  }
}
