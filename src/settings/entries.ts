/** What the lists of the settings hold: host names, listening addresses, networks, names of groups. */
import { isIP } from 'node:net'
import { parseGroupAddress } from './ip-group-entries.ts'
import { type Entry, NAME, type Parsed } from './kinds.ts'

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

/** Declare a server to ask: `HOST` or `HOST:PORT`. */
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
export const groupName: Entry<string> = plain('the name of an IP address group', (value) => NAME.test(value))

/** An address, a network or `group:NAME`. */
export const networkOrGroup: Entry<string> = {
  accepts: 'an address, a network A/PREFIX, or group:NAME',
  parse(value): Parsed<string> {
    const member = typeof value === 'string' ? parseGroupAddress(value) : undefined
    if (member?.is === 'range' || member?.is === 'group') return { ok: true, value: value as string }
    return { ok: false, wanted: member?.is === 'nothing' ? member.wanted : this.accepts }
  },
  format: (value) => value,
}

/** What a list of clients names: an address, a network, `this-machine` or `group:NAME`. */
export const clientEntry: Entry<string> = {
  accepts: 'an address, a network A/PREFIX, this-machine, or group:NAME',
  parse(value): Parsed<string> {
    const member = typeof value === 'string' ? parseGroupAddress(value) : undefined
    if (member !== undefined && member.is !== 'nothing') return { ok: true, value: value as string }
    return { ok: false, wanted: member?.wanted ?? this.accepts }
  },
  format: (value) => value,
}

/** The absolute path of a file on this machine. */
export const filePath: Entry<string> = plain(
  'the absolute path of a file',
  (value) => value.startsWith('/') && value.length <= 4096 && !value.includes('\0'),
)

/** An IP address. */
export const ipAddress: Entry<string> = plain('an IP address', (value) => isIP(value) !== 0)

/** A name as maps of the settings have them. */
export const NAME_ENTRY: Entry<string> = plain('a name (letters, digits, . _ -)', (value) => NAME.test(value))

/** A pattern of addresses: `*@example.com`, `anna@*`; `<>` is the null sender. */
export const addressPattern: Entry<string> = plain(
  'an address; * stands for any characters, ? for one, <> for the null sender',
  (value) => value === '<>' || (value.length <= 320 && /^[^\s<>]+@[^\s<>@]+$|^[*?]+$/.test(value)),
)

/** A pattern of domains or host names: `*.example.com`. */
export const domainPattern: Entry<string> = plain(
  'a domain; * stands for any characters, ? for one',
  (value) => value.length <= 253 && /^[^\s@<>]+$/.test(value),
)
