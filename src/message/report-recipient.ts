/** What a report says of one recipient (RFC 3464 §2.3). */
export interface ReportRecipient {
  readonly recipient: string
  /** As the ORCPT parameter gave it. */
  readonly orcpt?: string
  /** Enhanced status code. */
  readonly status: string
  /** Our own sentence about it, in English. */
  readonly because?: string
  /** The other server's words. */
  readonly reply?: { readonly code: number; readonly status?: string; readonly text: string }
  readonly remoteHost?: string
  readonly lastAttemptMs?: number
  /** For `delayed`: until when it is tried. */
  readonly willRetryUntilMs?: number
}
