import type { DomainLine, PausedLine, RunningLine } from '#admin/queue-api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { formatBytes, formatSpan } from './quantities.ts'

const RUNNING_HEADINGS = ['ID', 'FROM', 'TO', 'SIZE', 'STAGE', 'SERVER', 'ELAPSED', 'SENT']

export const QUEUE_DOMAIN_COMMANDS: readonly Command[] = [
  {
    name: 'queue running',
    summary: 'Show what is being delivered at this moment, and how far it is.',
    takes: [],
    options: {},
    examples: ['postern queue running'],
    async run({ api }) {
      const running = await api.get<RunningLine[]>('/api/queue/running')
      const text =
        running.length === 0 ? 'Nothing is being delivered.' : formatTable(RUNNING_HEADINGS, running.map(rowOf))
      return { data: running, text }
    },
  },
  {
    name: 'queue domains',
    summary: 'Show the domains that mail waits for with a reason: down, paused, slowed down by their answers.',
    takes: [],
    options: {},
    examples: ['postern queue domains'],
    async run({ api }) {
      const domains = await api.get<DomainLine[]>('/api/queue/domains')
      const rows = domains.map((line) => [
        line.domain,
        String(line.underWay),
        line.window === undefined ? '-' : String(line.window),
        line.site ?? '-',
        formatStanding(line),
      ])
      const text =
        rows.length === 0
          ? 'No domain is slow, down or paused.'
          : formatTable(['DOMAIN', 'RUNNING', 'AT MOST', 'BY', 'STATE'], rows)
      return { data: domains, text }
    },
  },
  {
    name: 'queue paused',
    summary: 'List the domains that mail is stopped to, and by whom.',
    takes: [],
    options: {},
    examples: ['postern queue paused'],
    async run({ api }) {
      const paused = await api.get<PausedLine[]>('/api/queue/paused')
      const rows = paused.map(({ domain, since, author, why = '-' }) => [domain, since, author, why])
      const text =
        rows.length === 0 ? 'Mail is stopped to no domain.' : formatTable(['DOMAIN', 'SINCE', 'BY', 'WHY'], rows)
      return { data: paused, text }
    },
  },
  {
    name: 'queue pause',
    summary: 'Stop mail to a domain, until it is resumed; what comes for it is kept.',
    takes: ['DOMAIN'],
    options: { why: { value: 'TEXT', about: 'Why, for whoever reads the list.' } },
    about:
      'DOMAIN may be a pattern such as *.example.net; "*" stops all mail. What is being sent at that moment goes on.',
    examples: ['postern queue pause example.net --why "they are moving"', "postern queue pause '*'"],
    async run({ api, args: [domain = ''], options }) {
      const why = options.text('why')
      const paused = await api.send<PausedLine>('POST', '/api/queue/paused', {
        domain,
        ...(why === undefined ? {} : { why }),
      })
      return {
        data: paused,
        text: `Mail to ${paused.domain} waits until: postern queue resume ${quoted(paused.domain)}`,
      }
    },
  },
  {
    name: 'queue resume',
    summary: 'Let mail to a domain go again.',
    takes: ['DOMAIN'],
    options: {},
    examples: ['postern queue resume example.net'],
    async run({ api, args: [domain = ''] }) {
      const resumed = await api.remove<{ readonly domain: string }>('/api/queue/paused', { domain })
      return { data: resumed, text: `Mail to ${resumed.domain} goes again.` }
    },
  },
]

function rowOf(line: RunningLine): readonly string[] {
  const { ids, sender, recipients, recipientCount, sizeBytes, stage, elapsedMs } = line
  return [
    andMore(ids.map(String), ids.length),
    sender === '' ? '<>' : sender,
    andMore(recipients, recipientCount),
    formatBytes(sizeBytes),
    stage,
    serverOf(line) ?? '-',
    formatSpan(elapsedMs),
    stage === 'message' || line.sentBytes > 0 ? `${line.percent}%` : '-',
  ]
}

/** Say in a few words how far a delivery is: `data at mx.example.net [192.0.2.1], 40% sent, for 12s`. */
export function formatProgress(line: RunningLine): string {
  const { stage, percent, sentBytes, elapsedMs } = line
  const server = serverOf(line)
  const at = server === undefined ? stage : `${stage} at ${server}`
  return [at, ...(sentBytes > 0 ? [`${percent}% sent`] : []), `for ${formatSpan(elapsedMs)}`].join(', ')
}

/** Say in a sentence what there is about a domain. */
export function formatStanding({ down, paused, shaped }: DomainLine): string {
  const says = [
    ...(paused ? ['paused'] : []),
    ...(down === undefined ? [] : [`down, tried again in ${formatSpan(down.forMs)}: ${down.because}`]),
    ...(shaped === undefined ? [] : [formatShaping(shaped)]),
  ]
  return says.length === 0 ? 'up' : says.join('; ')
}

function formatShaping({ rule, waitsMs, holdsMs, connections, perMinute }: NonNullable<DomainLine['shaped']>): string {
  const bounds = [
    ...(waitsMs === undefined ? [] : [`nothing for ${formatSpan(waitsMs)}`]),
    ...(connections === undefined ? [] : [`at most ${connections} at once`]),
    ...(perMinute === undefined ? [] : [`at most ${perMinute} a minute`]),
  ]
  const span = holdsMs === undefined ? '' : ` for ${formatSpan(holdsMs)}`
  return `slowed down by the rule "${rule}"${span}${bounds.length === 0 ? '' : `: ${bounds.join(', ')}`}`
}

function serverOf({ host, ip }: Pick<RunningLine, 'host' | 'ip'>): string | undefined {
  return host === undefined || ip === undefined || ip === host ? host : `${host} [${ip}]`
}

/** `count` is how many there are; they may not all be here. */
function andMore([first = '-']: readonly string[], count: number): string {
  return count <= 1 ? first : `${first} and ${count - 1} more`
}

/** A pattern must be quoted where a shell reads it. */
function quoted(domain: string): string {
  return /[*?]/.test(domain) ? `'${domain}'` : domain
}
