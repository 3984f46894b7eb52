import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { NetworkSet, normalizeIp, parseRange } from '#base/network-set.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { ServiceName } from '#settings/schema.ts'
import type { Policy } from './messages.ts'

/** A policy made ready for use in one thread: groups compiled, certificate loaded. Replaced as a whole, never changed. */
export interface ActivePolicy extends Policy {
  readonly inGroup: (group: string, ip: string) => boolean
  /** Must a connection from this address begin with a PROXY header on this service? */
  readonly isProxy: (service: ServiceName, ip: string) => boolean
  readonly secureContext: SecureContext
  readonly certificateDer: Uint8Array
}

/** Make a policy ready for use. */
export function activate(policy: Policy): ActivePolicy {
  const { settings, certificate } = policy
  const groups = compileGroups(settings.ipGroups, policy.machineAddresses)
  const proxies = new Map<string, ReturnType<typeof compileProxies>>()
  for (const [service, { proxyFrom }] of Object.entries(settings.services)) {
    if (proxyFrom.length > 0) proxies.set(service, compileProxies(proxyFrom))
  }
  return {
    ...policy,
    inGroup: groups.has,
    isProxy(service, ip) {
      const sources = proxies.get(service)
      if (sources === undefined) return false
      const address = normalizeIp(ip) ?? ip
      return sources.networks.has(address) || sources.groups.some((group) => groups.has(group, address))
    },
    secureContext: createSecureContext({
      cert: certificate.cert,
      key: certificate.key,
      minVersion: settings.tls.minVersion,
    }),
    certificateDer: new X509Certificate(certificate.cert).raw,
  }
}

function compileProxies(entries: readonly string[]): {
  readonly networks: NetworkSet
  readonly groups: readonly string[]
} {
  const groups: string[] = []
  const ranges = entries.flatMap((entry) => {
    if (entry.startsWith('group:')) {
      groups.push(entry.slice('group:'.length))
      return []
    }
    const parsed = parseRange(entry)
    return 'range' in parsed ? [parsed.range] : []
  })
  return { networks: new NetworkSet(ranges), groups }
}
