import type { Membership } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { FactSources } from '../facts.ts'

type Client = Pick<Subject, 'ip'>

/** Tells whether a client is in the groups that the settings name. */
export interface GroupFacts {
  readonly serviceGroup: (client: Pick<Subject, 'ip' | 'service'>) => Membership
  readonly relayGroup: (client: Client) => Membership
  readonly trustGroup: (client: Client) => Membership
  readonly exemptGroup: (client: Client) => Membership
}

/** Create the readers of a client's groups. */
export function createGroupFacts({ settings, inGroup, suspensions }: FactSources): GroupFacts {
  function membership(group: string | undefined, ip: string): Membership {
    return { group, member: group !== undefined && inGroup(group, ip) }
  }

  /** An address whose trust is suspended has none of what a group gives: any stranger may stand behind it. */
  function trusted(group: string | undefined, ip: string): Membership {
    const found = membership(group, ip)
    const suspension = found.member ? suspensions.of(ip) : undefined
    return suspension === undefined ? found : { group, member: false, suspended: suspension.evidence }
  }

  return {
    // Who may connect is no question of trust: a suspended address may go on using what it could reach.
    serviceGroup: ({ service, ip }) => membership(settings().services[service].ipGroup, ip),
    relayGroup: ({ ip }) => trusted(settings().relay.ipGroup, ip),
    trustGroup: ({ ip }) => trusted(settings().trust.ipGroup ?? settings().relay.ipGroup, ip),
    exemptGroup: ({ ip }) => trusted(settings().limits.exemptGroup, ip),
  }
}

/** Tell whether a client is trusted for its address alone: it is then watched for signs that it hides strangers. */
export function isTrusted(groups: GroupFacts, { ip, user }: Pick<Subject, 'ip' | 'user'>): boolean {
  return user === undefined && (groups.relayGroup({ ip }).member || groups.trustGroup({ ip }).member)
}
