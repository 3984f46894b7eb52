import type { QueueEntry } from '#store/contract.ts'
import type { AdminParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import type { QueueDetails } from '../queue-api.ts'
import type { Route } from '../route.ts'
import { readHeader } from './message-header.ts'
import {
  answerLinesOf,
  domainLineOf,
  isoOf,
  lineOf,
  momentOf,
  pausedLineOf,
  pauseOf,
  runningLineOf,
} from './queue-lines.ts'

export const QUEUE_ENTRY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/queue/:id',
    async run({ params: { id = '' } }, parts): Promise<QueueDetails> {
      const entry = /^\d{1,15}$/.test(id) ? await parts.store.queue.get(Number(id)) : undefined
      if (entry === undefined) {
        throw notFound('queue entry', id, 'It may have been delivered meanwhile; see: postern queue list')
      }
      return detailsOf(entry, parts)
    },
  },
]

/** Gather everything that is known of an entry. */
async function detailsOf(entry: QueueEntry, parts: AdminParts): Promise<QueueDetails> {
  const { store, delivery, references, settings } = parts
  const [moment, content, way, domains] = await Promise.all([
    momentOf(parts),
    store.messages.read(entry.messageId),
    delivery.plan(entry.id),
    delivery.domains(),
  ])
  const header = await readHeader(content ?? [])
  const running = moment.running.find(({ ids }) => ids.includes(entry.id))
  const paused = pauseOf(entry.domain, moment.paused)
  const domain = domains.find((state) => state.domain === entry.domain)
  return {
    ...lineOf(entry, moment),
    ...(entry.returnPath === undefined ? {} : { returnPath: entry.returnPath }),
    parameters: parametersOf(entry),
    reference: references.format(entry.decision),
    warned: entry.warned === true,
    expiresAt: isoOf(entry.createdAtMs + settings.current().settings.queue.bounceAfter),
    answers: answerLinesOf(entry),
    header: header.fields,
    headerCut: header.cut,
    ...(way === undefined ? {} : { way }),
    ...(running === undefined ? {} : { running: runningLineOf(running) }),
    ...(paused === undefined ? {} : { paused: pausedLineOf(paused) }),
    ...(domain === undefined ? {} : { domainState: domainLineOf(domain, moment.paused) }),
  }
}

/** Name what the client asked for, as it said it. */
function parametersOf({ notify, orcpt, ret, envid, body, smtputf8, requireTls }: QueueEntry): readonly string[] {
  const given: readonly (readonly [string, string | undefined])[] = [
    ['NOTIFY', notify],
    ['ORCPT', orcpt],
    ['RET', ret],
    ['ENVID', envid],
    ['BODY', body],
  ]
  return [
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
    ...(smtputf8 === true ? ['SMTPUTF8'] : []),
    ...(requireTls === true ? ['REQUIRETLS'] : []),
  ]
}
