/** The entries of an IP address group, as the settings file writes them: a text, or a text with a description and a switch. */
import type { Entry, Parsed } from './kinds.ts'

export interface GroupEntry {
  /** `192.0.2.1`, `192.0.2.1-192.0.2.9`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`, `this-machine`, `group:NAME`. */
  readonly address: string
  readonly description?: string
  readonly enabled: boolean
}

const ACCEPTS = 'an address, a range A-B, a network A/PREFIX or A/MASK, this-machine, or group:NAME'

function parseEntry(value: unknown): GroupEntry | undefined {
  if (typeof value === 'string') return value.length <= 256 ? { address: value, enabled: true } : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const { address, description, enabled = true, ...rest } = value as Record<string, unknown>
  if (Object.keys(rest).length > 0 || typeof address !== 'string' || typeof enabled !== 'boolean') return undefined
  if (description === undefined) return { address, enabled }
  return typeof description === 'string' ? { address, enabled, description } : undefined
}

export const groupEntries: Entry<readonly GroupEntry[]> = {
  accepts: `a list of ${ACCEPTS}`,
  parse(value): Parsed<readonly GroupEntry[]> {
    if (!Array.isArray(value)) return { ok: false, wanted: `a list of ${ACCEPTS}` }
    const entries: GroupEntry[] = []
    for (const [index, item] of value.entries()) {
      const entry = parseEntry(item)
      if (entry === undefined) return { ok: false, wanted: ACCEPTS, path: [index] }
      entries.push(entry)
    }
    return { ok: true, value: entries }
  },
  format: (entries) =>
    entries.map((entry) => (entry.enabled && entry.description === undefined ? entry.address : { ...entry })),
}
