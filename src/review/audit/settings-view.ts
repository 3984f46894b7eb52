/** The settings as an audit looks at them: groups compiled, and who can reach what. */
import { NetworkSet, parseRange } from '#base/network-set.ts'
import { compileGroups, type IpGroups } from '#settings/ip-groups.ts'
import { isPrivatePlace, listenPlaces } from '#settings/listen.ts'
import type { Settings } from '#settings/schema.ts'
import type { AuditFinding } from '../audit.ts'

export type SmtpService = 'smtp' | 'submission' | 'submissions'
export const SMTP_SERVICES: readonly SmtpService[] = ['smtp', 'submission', 'submissions']

export interface SettingsView {
  readonly settings: Settings
  /** Every group with this machine's addresses where it names them. */
  readonly set: (group: string | undefined) => NetworkSet
  /** The same without this machine: whoever else is meant. */
  readonly others: (group: string | undefined) => NetworkSet
  /** All that a list of addresses, networks and groups names, without this machine. */
  readonly othersOf: (entries: readonly string[]) => NetworkSet
  /** The SMTP services that listen at all. */
  readonly listening: readonly SmtpService[]
  /** Those of them that listen where the Internet may reach them; their `ipGroup` may still keep it out. */
  readonly exposed: readonly SmtpService[]
  /** Those on which users may log in. */
  readonly login: readonly SmtpService[]
}

const NOBODY = new NetworkSet([])

/** Make settings ready for an audit. */
export function viewSettings(settings: Settings, machineAddresses: readonly string[]): SettingsView {
  const whole = compileGroups(settings.ipGroups, machineAddresses)
  // Groups may hold 200,000 networks: they are compiled again only where it makes a difference.
  const namesMachine = Object.values(settings.ipGroups).some((entries) =>
    entries.some(({ address }) => address === 'this-machine'),
  )
  const alone = namesMachine ? compileGroups(settings.ipGroups, []) : whole
  const places = listenPlaces(settings, 'standard')
  const listening = SMTP_SERVICES.filter((name) => settings.services[name].listen.length > 0)
  return {
    settings,
    set: (group) => (group === undefined ? NOBODY : whole.set(group)),
    others: (group) => (group === undefined ? NOBODY : alone.set(group)),
    othersOf: (entries) => setOf(entries, alone),
    listening,
    exposed: listening.filter((name) =>
      places.some((place) => place.service === name && !isPrivatePlace(place, settings)),
    ),
    login: listening.filter((name) => settings.services[name].auth),
  }
}

function setOf(entries: readonly string[], groups: IpGroups): NetworkSet {
  return new NetworkSet(
    entries.flatMap((entry) => {
      if (entry.startsWith('group:')) return [...groups.set(entry.slice('group:'.length)).ranges()]
      const parsed = parseRange(entry)
      return 'range' in parsed ? [parsed.range] : []
    }),
  )
}

/** Write a finding. */
export function finding(is: AuditFinding['is'], where: string, says: string): AuditFinding {
  return { is, where, says }
}
