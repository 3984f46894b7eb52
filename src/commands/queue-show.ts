import type { DomainLine, QueueDetails } from '#admin/queue-api.ts'
import { printable } from '#base/printable.ts'
import { formatPairs } from '#base/table.ts'
import { type Command, CommandError } from './command.ts'
import { formatBytes, formatSpan } from './quantities.ts'
import { formatProgress, formatStanding } from './queue-domains.ts'

export const QUEUE_SHOW_COMMAND: Command = {
  name: 'queue show',
  summary: 'Show all that is known of one entry: who sent it, its header, the last answers, which way it would go.',
  takes: ['ID'],
  options: {},
  examples: ['postern queue show 17'],
  async run({ api, args: [id = ''] }) {
    if (!/^\d{1,15}$/.test(id)) throw new CommandError(`Cannot show "${id}": expected the ID of an entry`, 2)
    const details = await api.get<QueueDetails>(`/api/queue/${id}`)
    return { data: details, text: formatDetails(details) }
  },
}

/** Write everything of an entry for people. The header and the answers are others' text: each stays on its line. */
export function formatDetails(details: QueueDetails): string {
  const { id, sender, recipient, returnPath, user, ip, sizeBytes, parameters, reference } = details
  return [
    formatPairs([
      ['Entry', String(id)],
      ['Sender', sender === '' ? '<> (the null sender: a report)' : sender],
      ['Return path', returnPath === '' ? '<>' : returnPath],
      ['Recipient', recipient],
      ['Sent by', sentBy(user, ip)],
      ['Size', formatBytes(sizeBytes)],
      ['Asked for', parameters.length === 0 ? undefined : parameters.join(' ')],
      ['Since', details.createdAt],
      ['Next try', nextTry(details)],
      ['Tries', String(details.attempts)],
      ['Kept until', `${details.expiresAt}${details.warned ? '; the sender was told that it is late' : ''}`],
      ['Came in by', `postern explain ${reference}`],
      ...wayOf(details),
      ['Domain', domainOf(details.domainState)],
    ]),
    ...section(
      'Last answers',
      details.answers.map(({ at, text }) => `${at}  ${text}`),
    ),
    ...section(details.headerCut ? 'Header (the first of it)' : 'Header', details.header),
  ].join('\n')
}

function sentBy(user: string | undefined, ip: string | undefined): string | undefined {
  if (user === undefined) return ip === undefined ? undefined : `somebody at ${ip} who did not log in`
  return ip === undefined ? user : `${user}, from ${ip}`
}

function nextTry({ state, dueAt, dueInMs = 0, running, paused }: QueueDetails): string {
  switch (state) {
    case 'running':
      return running === undefined ? 'running' : `running: ${formatProgress(running)}`
    case 'held':
      return 'held: not before postern queue release'
    case 'paused':
      return pausedText(paused)
    case 'later':
      return `${dueAt} (in ${formatSpan(dueInMs)})`
    default:
      return 'now: as soon as there is room'
  }
}

function pausedText(paused: QueueDetails['paused']): string {
  if (paused === undefined) return 'paused'
  const { domain, author, since, why } = paused
  return `paused: mail to ${domain} is stopped since ${since} by ${author}${why === undefined ? '' : ` (${why})`}`
}

function wayOf({ way }: QueueDetails): readonly (readonly [string, string | undefined])[] {
  if (way === undefined) return []
  const { route, hosts, tls, trouble } = way
  return [
    ['Would go', route],
    ['Servers', hosts.length === 0 ? undefined : hosts.join(', ')],
    ['TLS', tls],
    ['Trouble', trouble],
  ]
}

function domainOf(state: DomainLine | undefined): string | undefined {
  return state === undefined ? undefined : `${state.domain}: ${formatStanding(state)}`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${printable(line, 1000)}`)]
}
