import type { QueueEntry } from '#store/contract.ts'
import type { ServerAddress, TlsRequirement } from './contract.ts'
import type { Way } from './ways.ts'

/** What must be equal for recipients of one message to share a transaction: all that MAIL says of it, and its wishes of TLS. */
export function parametersOf({ returnPath, ret, envid, body, smtputf8, requireTls, tlsOptional }: QueueEntry): string {
  if ((returnPath ?? ret ?? envid ?? smtputf8 ?? requireTls ?? tlsOptional) === undefined) return body ?? ''
  return JSON.stringify([returnPath, ret, envid, body, smtputf8, requireTls, tlsOptional])
}

/** Name a connection by all that was asked of it. */
export function keyOf(way: Way, server: ServerAddress, requirement: TlsRequirement, localAddress = ''): string {
  const { mode, by, names, tlsa } = requirement
  const tls =
    mode === 'verified'
      ? JSON.stringify([by, names, tlsa?.map(({ data }) => Buffer.from(data).toString('base64'))])
      : mode
  return `${way.protocol} ${server.host} ${server.ip} ${server.port} ${way.implicitTls} ${tls} ${way.credentials ?? ''} ${way.loginBy} ${localAddress}`
}
