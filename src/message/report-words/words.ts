/** Why a message was not taken, as far as a layman is told; found from the enhanced status code (RFC 3463). */
export type Reason =
  | 'noSuchAddress'
  | 'addressMoved'
  | 'noSuchDomain'
  | 'takesNoMail'
  | 'mailboxDisabled'
  | 'mailboxFull'
  | 'tooBig'
  | 'tooManyRecipients'
  | 'unreachable'
  | 'expired'
  | 'loop'
  | 'internationalAddress'
  | 'content'
  | 'listMembersOnly'
  | 'unencrypted'
  | 'refused'
  | 'sentBack'
  | 'serverTrouble'
  | 'other'

/** What happened to a message: the report's kind; `expanded` is a `delivered` of a list of several (RFC 3464 §2.3.3). */
export type ReportKind = 'failed' | 'delayed' | 'relayed' | 'delivered' | 'expanded'

/** What a reason means, and what the sender can do when it is for good. */
export interface ReasonWords {
  readonly what: string
  readonly advice: string
}

/** All that a report says in one language. `{date}` stands for a moment in UTC: `2026-11-24 08:30 UTC`. */
export interface ReportWords {
  /** The name beside the address that the report comes from. */
  readonly from: string
  readonly subject: Readonly<Record<ReportKind, string>>
  /** The first sentence; the recipients stand below it. `{date}`: when the message came. */
  readonly happened: Readonly<Record<ReportKind, string>>
  readonly reasons: Readonly<Record<Reason, ReasonWords>>
  /** Of what is delayed: nothing is to be done. `{date}`: until when it is tried. */
  readonly triedUntil: string
  readonly triedOn: string
  /** What `relayed` means: the next server does not tell. */
  readonly noMoreNews: string
  /** `{count}` more recipients than are named. */
  readonly andMore: string
  readonly details: string
  readonly reference: string
  /** `{host}`: the server that answered what follows. */
  readonly answered: string
  readonly inEnglish: string
}
