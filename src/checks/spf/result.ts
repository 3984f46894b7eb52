/** RFC 7208 §2.6. */
export type SpfVerdict = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'

export interface SpfResult {
  readonly result: SpfVerdict
  /** Whose domain was checked: the sender's, or the name in HELO where the sender is null (RFC 7208 §2.4). */
  readonly identity: 'mailfrom' | 'helo'
  /** The domain that was checked, in its one form where it has one. A client's text: it may be anything else. */
  readonly domain: string
  /** The mechanism that matched, as it is written in the record. */
  readonly mechanism?: string
  /** What the domain's owner says to whoever fails; printable ASCII. Said by a stranger. */
  readonly explanation?: string
  /** One sentence for the log: what was looked up and what came of it. */
  readonly because: string
  /** Terms that asked DNS, of the 10 a check may have (RFC 7208 §4.6.4). */
  readonly lookups: number
  /** Questions that found nothing, of the 2 a check may have (RFC 7208 §4.6.4). */
  readonly voidLookups: number
}
