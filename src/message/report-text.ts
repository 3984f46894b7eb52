import { printable } from '#base/printable.ts'
import { reasonOf } from './report-reason.ts'
import type { ReportRecipient } from './report-recipient.ts'
import { en } from './report-words/en.ts'
import type { ReportKind, ReportWords } from './report-words/words.ts'

/** A message to many must not make a text that nobody reads; the part for programs names them all. */
const MOST_NAMED = 50
const MOST_DETAILED = 50
const TEXT_COLUMNS = 72

export interface ReportFacts {
  readonly kind: ReportKind
  readonly arrivalMs: number
  /** Reference of the decision that took the message. */
  readonly ref: string
  readonly recipients: readonly ReportRecipient[]
}

/**
 * Write what people read: first what happened, to whom and what can be done, in their language and then in English; last what the
 * other servers said. Lines end in LF.
 */
export function formatReportText(facts: ReportFacts, words: ReportWords): string {
  const parts = [laymansPart(facts, words)]
  if (words !== en) parts.push(`${heading(words.inEnglish)}${laymansPart(facts, en)}`)
  parts.push(`${heading(words.details)}${technicalPart(facts, words)}`)
  return parts.join('\n')
}

function laymansPart({ kind, arrivalMs, recipients }: ReportFacts, words: ReportWords): string {
  const lines = [wrap(words.happened[kind].replace('{date}', formatMoment(arrivalMs))), '']
  for (const [says, group] of groupBy(recipients, (recipient) => sayOf(kind, recipient, words))) {
    lines.push(...group.slice(0, MOST_NAMED).map(({ recipient }) => `    ${printable(recipient)}`))
    if (group.length > MOST_NAMED) lines.push(`    ${more(words, group.length - MOST_NAMED)}`)
    lines.push('')
    if (says !== '') lines.push(...says.split('\n').map((sentence) => wrap(sentence)), '')
  }
  return lines.join('\n')
}

/** Say what it means for the recipient, and what the sender can do: sentences, a line each. */
function sayOf(kind: ReportKind, { status, reply, willRetryUntilMs }: ReportRecipient, words: ReportWords): string {
  switch (kind) {
    case 'failed': {
      const { what, advice } = words.reasons[reasonOf(status, reply === undefined)]
      return `${what}\n${advice}`
    }
    case 'delayed': {
      const { what } = words.reasons[reasonOf(status, reply === undefined)]
      const until = willRetryUntilMs === undefined ? undefined : formatMoment(willRetryUntilMs)
      return `${what}\n${until === undefined ? words.triedOn : words.triedUntil.replace('{date}', until)}`
    }
    case 'relayed':
      return words.noMoreNews
    case 'delivered':
    case 'expanded':
      return ''
  }
}

function technicalPart({ ref, recipients }: ReportFacts, words: ReportWords): string {
  const lines = [`${words.reference}: ${ref}`, '']
  // What a server says of fifty recipients is mostly the same.
  for (const [says, group] of groupBy(recipients, (recipient) => detailsOf(recipient, words)).slice(0, MOST_DETAILED)) {
    lines.push(...group.slice(0, MOST_NAMED).map(({ recipient }) => `<${printable(recipient)}>`))
    if (group.length > MOST_NAMED) lines.push(more(words, group.length - MOST_NAMED))
    lines.push(says, '')
  }
  return lines.join('\n')
}

/** The other server's words stand behind `> `, so that nobody takes them for ours. */
function detailsOf({ status, because, reply, remoteHost }: ReportRecipient, words: ReportWords): string {
  const lines: string[] = []
  if (because !== undefined) lines.push(wrap(printable(because)))
  if (reply === undefined) lines.push(status)
  else {
    const host = remoteHost === undefined ? '?' : printable(remoteHost, 255)
    const said = [reply.code, ...(reply.status === undefined ? [] : [reply.status]), printable(reply.text)].join(' ')
    lines.push(wrap(words.answered.replace('{host}', () => host)), wrap(said, '> '))
  }
  return lines.join('\n')
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups]
}

function more(words: ReportWords, count: number): string {
  return words.andMore.replace('{count}', String(count))
}

function heading(text: string): string {
  return `${text}\n${'-'.repeat(text.length)}\n\n`
}

/** Write a moment so that every language reads it the same: `2026-11-24 08:30 UTC`. */
function formatMoment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Break text at its blanks; a word that is longer than a line stays whole. */
function wrap(text: string, prefix = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ +/)) {
    if (line !== '' && line.length + 1 + word.length > TEXT_COLUMNS) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((each) => prefix + each).join('\n')
}
