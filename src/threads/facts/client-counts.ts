import { clientNetworks } from '#base/client-networks.ts'
import { PRIVATE } from '#base/network-set.ts'
import type { FactReaders, Tally } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { type Awaitable, DAY_MS, HOUR_MS, MINUTE_MS, type Question } from '#ledger/contract.ts'
import type { FactSources } from '../facts.ts'
import { CLIENT, connectionKey, PUBLIC_CLIENTS, TRUST } from './counters.ts'
import { type GroupFacts, isTrusted } from './groups.ts'
import { when } from './when.ts'

type ClientCounts = Pick<
  FactReaders<Subject>,
  'serviceConnections' | 'clientConnections' | 'connectionsInMinute' | 'messagesInHour' | 'messageTaken'
>

/** That a client with a public address came is noted again after this time, far within the day it is remembered. */
const NOTE_PUBLIC_EVERY_MS = HOUR_MS

/** Create the readers of what a client does: connections and messages, by each of its networks. */
export function createClientCounts(sources: FactSources, groups: GroupFacts): ClientCounts {
  const { settings, ledger } = sources
  const supposed = sources.supposed === true ? 1 : 0
  let publicNotedAtMs = Number.NEGATIVE_INFINITY

  /** The day's connections of a trusted address, and that public clients come at all (`trustSigns`). */
  function connectionSigns(subject: Subject): readonly Question[] {
    const { ip } = subject
    const questions: Question[] = []
    if (isTrusted(groups, subject)) questions.push({ of: TRUST.connections, by: ip, withinMs: DAY_MS, add: 1 })
    if (!PRIVATE.has(ip)) {
      const nowMs = sources.nowMs()
      // A clock set back must not stop the notes.
      if (Math.abs(nowMs - publicNotedAtMs) >= NOTE_PUBLIC_EVERY_MS) {
        publicNotedAtMs = nowMs
        questions.push({ ...PUBLIC_CLIENTS, withinMs: DAY_MS, add: 1 })
      }
    }
    return questions
  }

  return {
    serviceConnections: ({ service }) => sources.connections(service) + supposed,

    clientConnections({ service, ip }) {
      const networks = clientNetworks(ip)
      const counts = sources.openConnections.look(networks.map(({ network }) => connectionKey(service, network)))
      return networks.map((each, index) => ({ ...each, count: (counts[index] ?? 0) + supposed }))
    },

    connectionsInMinute(subject) {
      return talliesOf(sources, subject.ip, CLIENT.connections, MINUTE_MS, { add: 1 }, connectionSigns(subject))
    },

    messagesInHour: ({ ip }) => talliesOf(sources, ip, CLIENT.messages, HOUR_MS),

    messageTaken(subject) {
      const { ip } = subject
      const limit = settings().limits.messagesPerHour
      // Where a message past the limit is taken all the same, the count goes on: it is what was taken.
      const isHeld = settings().rules.messagesPerHour.action !== 'observe' && !groups.exemptGroup(subject).member
      if (limit === 'unlimited' || !isHeld) return talliesOf(sources, ip, CLIENT.messages, HOUR_MS, { add: 1 })

      const networks = clientNetworks(ip)
      const questions = networks.map(
        ({ network, times }): Question => ({
          of: CLIENT.messages,
          by: network,
          withinMs: HOUR_MS,
          add: 1,
          most: limit * times,
        }),
      )
      if (networks.length === 1) return when(ledger.ask(questions), (counts) => tallies(ip, counts))
      // A message that the narrow network may not send must not count for the wide ones, where others live.
      const looks = questions.map(({ of, by, withinMs }) => ({ of, by, withinMs }))
      return when(ledger.ask(looks), (counts) => {
        const next = counts.map((count) => count + 1)
        const isTooMany = next.some((count, index) => count > limit * (networks[index]?.times ?? 1))
        return isTooMany ? tallies(ip, next) : when(ledger.ask(questions), (taken) => tallies(ip, taken))
      })
    },
  }
}

/** Ask for one count by each network of a client, and whatever else is to be counted in the same step. */
function talliesOf(
  { ledger }: FactSources,
  ip: string,
  of: string,
  withinMs: number,
  count: { readonly add?: number } = {},
  also: readonly Question[] = [],
): Awaitable<readonly Tally[]> {
  const questions = clientNetworks(ip).map(({ network }): Question => ({ of, by: network, withinMs, ...count }))
  return when(ledger.ask([...questions, ...also]), (counts) => tallies(ip, counts))
}

/** Put counts beside the networks that they are of; `counts` begins with one for each network. */
export function tallies(ip: string, counts: readonly number[]): readonly Tally[] {
  return clientNetworks(ip).map(({ network, times }, index) => ({ network, times, count: counts[index] ?? 0 }))
}
