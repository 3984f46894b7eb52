/** A policy of MTA-STS as it is published (RFC 8461 §3.2), and the record that announces it (§3.1). */

export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Patterns of MX hosts, lower case: `mail.example`, `*.mail.example`. */
  readonly mx: readonly string[]
  readonly maxAgeS: number
}

/** RFC 8461 §3.2: a year and a day or so. */
const MAX_AGE_S = 31_557_600
/** More patterns than any domain has hosts. */
const MOST_PATTERNS = 100
const KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/
const PATTERN = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Give the id of the one record that announces a policy; undefined where there is none. Of more than one that begins with
 * `v=STSv1;`, none counts (RFC 8461 §3.1).
 */
export function parseStsRecord(texts: readonly string[]): string | undefined {
  const records = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text))
  if (records.length !== 1) return undefined
  const fields = (records[0] as string).split(';').slice(1)
  for (const field of fields) {
    const match = /^[ \t]*id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})[ \t]*$/.exec(field)
    if (match !== null) return match[1]
  }
  return undefined
}

/** Read a policy; gives what is wrong with it where it is none. Fields that are not known are passed over (RFC 8461 §3.2). */
export function parseStsPolicy(text: string): { readonly policy: StsPolicy } | { readonly wrong: string } {
  const lines = text.split(/\r?\n/)
  const fields = new Map<string, string>()
  const mx: string[] = []
  for (const line of lines) {
    if (/^[ \t]*$/.test(line)) continue
    // Cut by hand: one expression for the whole line would try a long run of blanks in every way (a day for 64 KiB).
    const colon = line.indexOf(':')
    const key = line.slice(0, Math.max(0, colon)).trimEnd()
    if (!KEY.test(key)) return { wrong: 'a line that is no "key: value"' }
    const value = line.slice(colon + 1).trim()
    if (key === 'mx') {
      const pattern = value.toLowerCase()
      if (pattern.length > 255 || !PATTERN.test(pattern)) return { wrong: 'an mx that is no host name' }
      if (mx.length < MOST_PATTERNS) mx.push(pattern)
    } else if (!fields.has(key)) {
      // RFC 8461 §3.2: of fields that stand twice, the first counts.
      fields.set(key, value)
    }
  }
  if (fields.get('version') !== 'STSv1') return { wrong: 'no "version: STSv1"' }
  const mode = fields.get('mode')
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return { wrong: 'no mode enforce, testing or none' }
  const age = fields.get('max_age') ?? ''
  if (!/^\d{1,10}$/.test(age)) return { wrong: 'no max_age in seconds' }
  if (mx.length === 0 && mode !== 'none') return { wrong: 'no mx' }
  return { policy: { mode, mx, maxAgeS: Math.min(Number(age), MAX_AGE_S) } }
}

/** Tell whether a policy names a host: `*.` stands for exactly one label (RFC 8461 §4.1). */
export function stsNamesHost({ mx }: StsPolicy, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  const dot = name.indexOf('.')
  const parent = dot > 0 ? `*${name.slice(dot)}` : undefined
  return mx.some((pattern) => pattern === name || pattern === parent)
}
