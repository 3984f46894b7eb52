import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { normalizeIp } from '#base/network-set.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import type { ServiceName } from '#settings/schema.ts'
import { compileClients } from './clients.ts'
import type { Policy } from './messages.ts'

/** A policy made ready for use in one thread: groups compiled, certificate loaded. Replaced as a whole, never changed. */
export interface ActivePolicy extends Policy {
  readonly inGroup: (group: string, ip: string) => boolean
  /** Must a connection from this address begin with a PROXY header on this service? */
  readonly isProxy: (service: ServiceName, ip: string) => boolean
  /** Is this address on the never-block list, or the administrator's? */
  readonly neverBlocked: (ip: string) => boolean
  readonly secureContext: SecureContext
  readonly certificateDer: Uint8Array
}

/** Make a policy ready for use. */
export function activate(policy: Policy): ActivePolicy {
  const { settings, certificate, machineAddresses, administratorAddress } = policy
  const groups = compileGroups(settings.ipGroups, machineAddresses)
  const proxies = new Map<string, (ip: string) => boolean>()
  for (const [service, { proxyFrom }] of Object.entries(settings.services)) {
    if (proxyFrom.length > 0) proxies.set(service, compileClients(proxyFrom, groups, machineAddresses))
  }
  const neverBlock = compileClients(settings.limits.neverBlock, groups, machineAddresses)
  return {
    ...policy,
    inGroup: groups.has,
    isProxy: (service, ip) => proxies.get(service)?.(normalizeIp(ip) ?? ip) ?? false,
    neverBlocked: (ip) => ip === administratorAddress || neverBlock(ip),
    secureContext: createSecureContext({
      cert: certificate.cert,
      key: certificate.key,
      minVersion: settings.tls.minVersion,
    }),
    certificateDer: new X509Certificate(certificate.cert).raw,
  }
}
