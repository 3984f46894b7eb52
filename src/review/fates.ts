import { printable } from '#base/printable.ts'
import { type Answer, parseAnswers, parseStory, type Story } from '#queue/answers.ts'
import type { Hop, RemoteReply } from '#queue/contract.ts'
import type { Delivery, QueueEntry } from '#store/contract.ts'

/** What became of one recipient elsewhere of a message that was taken. */
export interface Fate {
  readonly recipient: string
  readonly is: Delivery['outcome'] | 'waiting' | 'held'
  /** When it ended, or when it is tried next. */
  readonly atMs?: number
  /** In a sentence or two; quotes other servers, and is not printable yet. */
  readonly text: string
}

/** More of them are counted, not told one by one. */
const MOST_TOLD = 100

/** Tell what became of the recipients of a message: those that are done with, then those it still waits for. */
export function fatesOf(deliveries: readonly Delivery[], waiting: readonly QueueEntry[]): readonly Fate[] {
  return [...deliveries.map(endedFate), ...waiting.map(waitingFate)]
}

/** Write what became of the recipients, a line each; none give no lines. */
export function formatFates(fates: readonly Fate[]): readonly string[] {
  if (fates.length === 0) return []
  const more = fates.length - MOST_TOLD
  return [
    '',
    'What became of it:',
    ...fates.slice(0, MOST_TOLD).map(({ recipient, text }) => `  ${printable(recipient)}: ${printable(text, 3000)}`),
    ...(more > 0 ? [`  and ${more} more: postern explain REF --json tells all`] : []),
  ]
}

function endedFate({ recipient, outcome, atMs, story: json }: Delivery): Fate {
  const story = parseStory(json)
  return { recipient, is: outcome, atMs, text: `${endedText(outcome, isoOf(atMs), story)}` }
}

function endedText(outcome: Delivery['outcome'], at: string, story: Story | undefined): string {
  if (story === undefined) return `${outcome} at ${at}`
  const { is, hop, reply, because } = story
  switch (outcome) {
    case 'delivered':
      if (is === 'placed') return `delivered at ${at} into a mailbox here`
      return `delivered at ${at}${hop === undefined ? '' : ` to ${formatHop(hop)}`}${afterTries(story)}${saying(reply)}`
    case 'removed':
      return `removed from the queue at ${at}${because === undefined ? '' : `: ${because}`}`
    case 'expired':
      return `given up at ${at}${afterTries(story)}${reason(story)}`
    case 'failed':
      return `failed for good at ${at}${afterTries(story)}${reason(story)}`
  }
}

function waitingFate(entry: QueueEntry): Fate {
  const { recipient, dueAtMs, held, attempts } = entry
  const next =
    held === true ? 'is held' : dueAtMs === undefined ? 'waits for its turn' : `waits until ${isoOf(dueAtMs)}`
  const last = parseAnswers(entry.answers).at(-1)
  const tries = attempts === 0 ? ', not tried yet' : attempts === 1 ? ', tried once' : `, tried ${attempts} times`
  const text = `${next}${tries} (postern queue show ${entry.id})${last === undefined ? '' : `; the last answer: ${formatTrouble(last)}`}`
  return {
    recipient,
    is: held === true ? 'held' : 'waiting',
    ...(dueAtMs === undefined ? {} : { atMs: dueAtMs }),
    text,
  }
}

const VERIFIERS: Readonly<Record<NonNullable<NonNullable<Hop['tls']>['verifiedBy']>, string>> = {
  dane: 'DANE',
  'mta-sts': 'MTA-STS',
  settings: 'the settings',
  requiretls: 'REQUIRETLS',
}

/** Write the server that was spoken to, and how the way to it was kept. */
export function formatHop({ host, ip, port, tls }: Hop): string {
  const at = `${host}${ip === undefined || ip === host ? '' : ` [${ip}]`}${port === 25 ? '' : ` port ${port}`}`
  if (tls === undefined) return `${at}, not encrypted`
  const { version, verifiedBy } = tls
  return `${at} over ${version} (${verifiedBy === undefined ? 'certificate not verified' : `verified as asked by ${VERIFIERS[verifiedBy]}`})`
}

/** Write what a server answered, as it said it. */
export function formatReply({ code, status, text }: RemoteReply): string {
  return [String(code), status, text].filter((part) => part !== undefined && part !== '').join(' ')
}

/** Write what one try came to: the reason, and the answer itself where the reason does not quote it. */
export function formatTrouble({ because, reply }: Pick<Answer, 'because' | 'reply'>): string {
  return reply === undefined || because.includes(reply.text) ? because : `${because} (it said: ${formatReply(reply)})`
}

/** Add the server that it came from, where the reason does not name it. */
export function formatServer({ because, hop }: { readonly because: string; readonly hop?: Hop | undefined }): string {
  return hop === undefined || because.includes(hop.host) ? '' : `; the server was ${formatHop(hop)}`
}

function saying(reply: RemoteReply | undefined): string {
  return reply === undefined ? '' : `; it said: ${formatReply(reply)}`
}

function afterTries({ tries }: Story): string {
  return tries <= 1 ? '' : `, after ${tries} tries`
}

function reason({ because, status, reply, hop }: Story): string {
  const what = because === undefined ? '' : `: ${formatTrouble({ because, ...(reply === undefined ? {} : { reply }) })}`
  const code = status === undefined ? '' : ` [${status}]`
  return `${what}${code}${formatServer({ because: because ?? '', hop })}`
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
