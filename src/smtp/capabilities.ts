/** What a server can do, as its answer to EHLO or LHLO says (RFC 5321 §4.1.1.1). */
export interface Capabilities {
  readonly pipelining: boolean
  readonly chunking: boolean
  readonly startTls: boolean
  readonly dsn: boolean
  readonly smtputf8: boolean
  readonly requireTls: boolean
  /** RFC 6152 */
  readonly eightBit: boolean
  /** It takes the SIZE parameter. */
  readonly size: boolean
  /** The most octets it takes in a message; undefined when it names no limit (RFC 1870 §4). */
  readonly maxBytes?: number
  /** SASL mechanisms, in upper case. */
  readonly mechanisms: readonly string[]
}

/** What can be counted on after HELO. */
export const NO_CAPABILITIES: Capabilities = Object.freeze({
  pipelining: false,
  chunking: false,
  startTls: false,
  dsn: false,
  smtputf8: false,
  requireTls: false,
  eightBit: false,
  size: false,
  mechanisms: Object.freeze([]),
})

const MOST_MECHANISMS = 50

/** Parse the lines of an answer to EHLO: the first names the server, each other one an extension. Unknown ones are passed over. */
export function parseCapabilities(lines: readonly string[]): Capabilities {
  const extensions = new Map<string, string>()
  const mechanisms = new Set<string>()
  for (const line of lines.slice(1)) {
    // `AUTH=LOGIN` is how servers spoke before RFC 2554, and some still do beside the right line.
    // The first blank ends the keyword: with all of them in the expression, a long run of them would be tried in every way.
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t=](.*))?$/s.exec(line.trimEnd())
    if (match === null) continue
    const keyword = (match[1] as string).toUpperCase()
    const parameters = (match[2] ?? '').replace(/^[ \t=]+/, '')
    if (!extensions.has(keyword)) extensions.set(keyword, parameters)
    if (keyword !== 'AUTH') continue
    for (const word of parameters.toUpperCase().split(/[ \t]+/)) {
      if (/^[A-Z0-9_-]{1,20}$/.test(word) && mechanisms.size < MOST_MECHANISMS) mechanisms.add(word)
    }
  }
  const maxBytes = readSize(extensions.get('SIZE'))
  return {
    pipelining: extensions.has('PIPELINING'),
    chunking: extensions.has('CHUNKING'),
    startTls: extensions.has('STARTTLS'),
    dsn: extensions.has('DSN'),
    smtputf8: extensions.has('SMTPUTF8'),
    requireTls: extensions.has('REQUIRETLS'),
    eightBit: extensions.has('8BITMIME'),
    size: extensions.has('SIZE'),
    ...(maxBytes !== undefined && { maxBytes }),
    mechanisms: [...mechanisms],
  }
}

/** RFC 1870 §4: 0 means that there is no fixed limit, and no number that nothing is known. */
function readSize(parameter: string | undefined): number | undefined {
  if (parameter === undefined || !/^\d{1,20}$/.test(parameter)) return undefined
  const size = Number(parameter)
  return size > 0 && Number.isSafeInteger(size) ? size : undefined
}
