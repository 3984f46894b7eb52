import type { Directory } from '#directory/contract.ts'
import type { FactReaders, Membership } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { PopLogins } from '#ledger/contract.ts'
import { destinationOf } from '#receive/commands/rcpt.ts'
import type { Settings } from '#settings/schema.ts'
import type { DirectoryStore } from '#store/contract.ts'

/** What the live readers read. `groups` answers by the compiled IP address groups of the same settings. */
export interface FactSources {
  readonly settings: () => Settings
  readonly inGroup: (group: string, ip: string) => boolean
  readonly directory: Directory
  readonly store: Pick<DirectoryStore, 'owner'>
  readonly popLogins: PopLogins
  readonly connections: (service: Subject['service']) => number
  readonly nowMs: () => number
}

/** Create the readers behind a live session's facts. */
export function createFacts(sources: FactSources): FactReaders<Subject> {
  function membership(group: string | undefined, ip: string): Membership {
    return { group, member: group !== undefined && sources.inGroup(group, ip) }
  }

  return {
    serviceGroup: ({ service, ip }) => membership(sources.settings().services[service].ipGroup, ip),
    relayGroup: ({ ip }) => membership(sources.settings().relay.ipGroup, ip),
    serviceConnections: ({ service }) => sources.connections(service),
    sincePopLoginMs: ({ ip }) => sources.popLogins.sinceMs(ip, sources.nowMs()),

    destination({ recipient, declaredBytes }) {
      if (recipient === undefined) return { is: 'nobody' }
      const answer = sources.directory.resolve(recipient, declaredBytes)
      return answer instanceof Promise ? answer.then(destinationOf) : destinationOf(answer)
    },

    userLocalOnly({ user }) {
      if (user === undefined) return false
      const answer = sources.store.owner(user)
      if (answer instanceof Promise) return answer.then((owner) => owner?.is === 'user' && owner.user.localDomainsOnly)
      return answer?.is === 'user' && answer.user.localDomainsOnly
    },
  }
}
