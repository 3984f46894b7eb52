/** Whether a change of the settings would shut its own administrator out. */
import { LOOPBACK, normalizeIp } from '#base/network-set.ts'
import { compileGroups } from './ip-groups.ts'
import { listenPlaces } from './listen.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './schema.ts'

export interface Administrator {
  /** Where the administrator sits, or was last seen; undefined when nobody knows: then nothing can be said. */
  readonly administratorIp: string | undefined
  /** What `this-machine` stands for (`addressesOfThisMachine`). */
  readonly machineAddresses: readonly string[]
}

/** Give what would cut the administrator off from remote administration, where the settings before the change did not. */
export function checkAccess(before: Settings, after: Settings, administrator: Administrator): readonly Problem[] {
  const ip = administrator.administratorIp === undefined ? undefined : normalizeIp(administrator.administratorIp)
  if (ip === undefined) return []
  return CHECKS.flatMap((check) => {
    const problem = check(after, ip, administrator.machineAddresses)
    return problem === undefined || check(before, ip, administrator.machineAddresses) !== undefined ? [] : [problem]
  })
}

const CUT_OFF = 'you would be cut off from remote administration'

/** Say what keeps an address from the administration; undefined when this does not. */
type Check = (settings: Settings, ip: string, machineAddresses: readonly string[]) => Problem | undefined

const CHECKS: readonly Check[] = [listensNowhere, listensHere, groupWithout]

function listensNowhere({ services }: Settings): Problem | undefined {
  if (services.admin.listen.length > 0) return undefined
  return { path: 'services.admin.listen', says: `services.admin.listen names no place: ${CUT_OFF}.` }
}

function listensHere(settings: Settings, ip: string, machineAddresses: readonly string[]): Problem | undefined {
  if (!reachedFromHereAlone(settings) || LOOPBACK.has(ip) || machineAddresses.includes(ip)) return undefined
  const says = `services.admin.listen names only this machine itself, and you are at ${ip}: ${CUT_OFF}.`
  return { path: 'services.admin.listen', says }
}

function groupWithout(settings: Settings, ip: string, machineAddresses: readonly string[]): Problem | undefined {
  const { ipGroup } = settings.services.admin
  // Through a tunnel to this machine, say ssh -L, the administrator comes from it.
  const from = reachedFromHereAlone(settings) ? '127.0.0.1' : ip
  if (ipGroup === undefined || compileGroups(settings.ipGroups, machineAddresses).has(ipGroup, from)) return undefined
  return {
    path: 'services.admin.ipGroup',
    also: [`ipGroups.${ipGroup}`],
    says: `services.admin.ipGroup names ipGroups.${ipGroup}, which does not hold ${from}, where you are: ${CUT_OFF}.`,
  }
}

/** Tell whether it listens on loopback alone, with no proxy there that passes the clients' own addresses on. */
function reachedFromHereAlone(settings: Settings): boolean {
  const { listen, proxyFrom } = settings.services.admin
  return (
    listen.length > 0 &&
    proxyFrom.length === 0 &&
    listenPlaces(settings, 'standard').every(({ service, host }) => service !== 'admin' || LOOPBACK.has(host))
  )
}
