/** What the lists of the settings hold: host names, listening addresses, networks, names of groups. */
import { isIP } from 'node:net'
import type { Entry, Parsed } from './kinds.ts'

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i

function isHostName(value: string): boolean {
  return value.length <= 253 && value.split('.').every((label) => LABEL.test(label))
}

function plain(accepts: string, accept: (value: string) => boolean): Entry<string> {
  return {
    accepts,
    parse: (value): Parsed<string> =>
      typeof value === 'string' && accept(value) ? { ok: true, value } : { ok: false, wanted: accepts },
    format: (value) => value,
  }
}

/** A DNS host name. */
export const hostName: Entry<string> = plain('a host name such as mail.example.com', isHostName)

export interface HostPort {
  readonly host: string
  /** Undefined is the usual port of whatever is meant. */
  readonly port: number | undefined
}

/** Read `HOST`, `HOST:PORT`, `[IPv6]:PORT` or `*:PORT`; undefined for anything else. */
export function parseHostPort(value: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)|([0-9a-f:]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i.exec(value)
  if (match === null) return undefined
  const [, bracketed, name, bareIPv6, portText] = match
  const host = bracketed ?? name ?? bareIPv6
  if (host === undefined) return undefined
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined
  if (bareIPv6 !== undefined && isIP(bareIPv6) !== 6) return undefined
  if (name !== undefined && name !== '*' && isIP(name) === 0 && !isHostName(name)) return undefined
  const port = portText === undefined ? undefined : Number(portText)
  return port === undefined || port <= 65_535 ? { host, port } : undefined
}

/** A server to ask: `HOST` or `HOST:PORT`. */
export function hostAndPort(usualPort: number): Entry<string> {
  return plain(`HOST or HOST:PORT (usually ${usualPort})`, (value) => {
    const parsed = parseHostPort(value)
    return parsed !== undefined && parsed.host !== '*' && parsed.port !== 0
  })
}

/** A place to listen: an address or `*` for all, with a port or the service's usual one. */
export const listenAddress: Entry<string> = plain('ADDRESS or ADDRESS:PORT, with * for all addresses', (value) => {
  const parsed = parseHostPort(value)
  return parsed !== undefined && (parsed.host === '*' || isIP(parsed.host) !== 0)
})

/** The name of an IP address group. */
export const groupName: Entry<string> = plain('the name of an IP address group', (value) =>
  /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(value),
)

/** An address, a network or `group:NAME`. */
export const networkOrGroup: Entry<string> = plain('an address, a network A/PREFIX, or group:NAME', (value) => {
  if (value.startsWith('group:')) return /^group:[a-z0-9][a-z0-9._-]{0,63}$/i.test(value)
  const [address = '', prefix, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
})

/** The absolute path of a file on this machine. */
export const filePath: Entry<string> = plain(
  'the absolute path of a file',
  (value) => value.startsWith('/') && value.length <= 4096 && !value.includes('\0'),
)
