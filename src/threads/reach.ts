import { compileGroups } from '#settings/ip-groups.ts'
import { compileClients } from './clients.ts'
import type { Policy } from './messages.ts'

/** What the main thread asks of a client's address, by one policy. */
export interface Reach {
  /** Is it on the never-block list, or the administrator's? */
  neverBlocked(ip: string): boolean
  /** May it use the administration (services.admin.ipGroup)? */
  mayAdminister(ip: string): boolean
}

/** Make a policy's groups ready to be asked by the main thread. */
export function reachOf({ settings, machineAddresses, administratorAddress }: Omit<Policy, 'certificate'>): Reach {
  const groups = compileGroups(settings.ipGroups, machineAddresses)
  const neverBlock = compileClients(settings.limits.neverBlock, groups, machineAddresses)
  const { ipGroup } = settings.services.admin
  return {
    neverBlocked: (ip) => ip === administratorAddress || neverBlock(ip),
    mayAdminister: (ip) => ipGroup === undefined || groups.has(ipGroup, ip),
  }
}
