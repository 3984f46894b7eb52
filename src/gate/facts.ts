/**
 * The facts that rules may ask for beyond the subject. Each is looked up at most once a stage, and only when a rule that needs
 * it is reached. "Could not find out" is a fact too: the rule says what follows from it.
 */
import type { EvidenceKind } from './evidence.ts'

export type Unknown = { readonly is: 'unknown'; readonly because: string }

/** Where a recipient address ends, as far as the gate must know. */
export type Destination =
  | { readonly is: 'local'; readonly full: boolean }
  | { readonly is: 'external'; readonly domain: string }
  | { readonly is: 'nobody' }
  | { readonly is: 'disabled' }
  | { readonly is: 'loop'; readonly by: string }
  | Unknown

/** Membership of an IP address group; `group` undefined when no group is set. */
export interface Membership {
  readonly group: string | undefined
  readonly member: boolean
  /** The address is in the group, but its trust is suspended (so `member` is false): what was seen of it. */
  readonly suspended?: string
}

/** A count of one network of the client, and how many times the limit it may reach (`clientNetworks`). */
export interface Tally {
  readonly network: string
  readonly count: number
  readonly times: number
}

/** Whether a name exists in DNS: the domain of a sender, the name of an address. */
export type NameInDns =
  | { readonly is: 'found'; readonly what: string }
  | { readonly is: 'none'; readonly why?: string }
  | Unknown

/** Whose the sender's address is. */
export type SenderOwner =
  /** The null sender, or an address of another domain. */
  | { readonly is: 'elsewhere' }
  /** An address of a local domain; `own` where it is the logged-in user's. */
  | { readonly is: 'local'; readonly own: boolean }
  | Unknown

/** What the directory says of the account that logged in. */
export interface Account {
  readonly localDomainsOnly: boolean
  /** Why its sending is frozen, if it is. */
  readonly frozen?: string
}

/** What the account sent lately, this message or recipient not counted. */
export interface AccountCounts {
  readonly messagesInHour: number
  readonly messagesInDay: number
  readonly recipientsInHour: number
  readonly recipientsInDay: number
  readonly newRecipientsInDay: number
  /** Recipients that turned out not to exist as they were named; they were not taken. */
  readonly bouncesInDay: number
  /** Recipients that were taken, and whose mail the next server refused for good. */
  readonly returnedInDay: number
}

/** Signs that a trusted address hides many strangers, each counted over the last hour. */
export interface TrustSigns {
  readonly heloNames: number
  readonly senderDomains: number
  readonly failedLoginNames: number
  readonly unknownRecipients: number
  /** Connections from this address in a day, and whether any client with a public address was seen in that day. */
  readonly connectionsInDay: number
  readonly publicClientSeen: boolean
}

/** A block that stands against the client. */
export interface StandingBlock {
  readonly network: string
  readonly reason: string
  readonly evidence: string
  /** Milliseconds until it ends by itself; undefined: when it is lifted. */
  readonly endsInMs?: number
  /** The reference of the decision that brought it about. */
  readonly ref?: string
}

export interface FactTable {
  /** Is the client in `services.NAME.ipGroup`? */
  readonly serviceGroup: Membership
  /** Is the client in `relay.ipGroup`? */
  readonly relayGroup: Membership
  /** Is the client in `trust.ipGroup`, or in the relay group where that is not set? */
  readonly trustGroup: Membership
  /** Is the client in `limits.exemptGroup`? */
  readonly exemptGroup: Membership
  /** The block that stands against the client; undefined when there is none, or it is on the never-block list. */
  readonly block: StandingBlock | undefined
  /** Is the client on the never-block list, or the administrator's address? */
  readonly neverBlocked: boolean
  /** Connections open to this service, this one included. */
  readonly serviceConnections: number
  /** Connections open to the SMTP services, this one included. */
  readonly clientConnections: readonly Tally[]
  /** Connections begun in the last minute, this one included. */
  readonly connectionsInMinute: readonly Tally[]
  /** Has the client's address a name in DNS (PTR)? */
  readonly reverseName: NameInDns
  /** Is the domain of the sender in DNS (MX, A or AAAA)? */
  readonly senderDomain: NameInDns
  readonly senderOwner: SenderOwner
  /** Messages taken in the last hour, so far: asked at `sender`. */
  readonly messagesInHour: readonly Tally[]
  /** The same with this one, which is counted by asking unless it passes the limit: asked at `message`. */
  readonly messageTaken: readonly Tally[]
  readonly destination: Destination
  /** When a POP3 login from the client's address last succeeded, in milliseconds before now; undefined if none is remembered. */
  readonly sincePopLoginMs: number | undefined
  /** The account that logged in; undefined without a login. */
  readonly account: Account | undefined
  /** What it sent lately; undefined without a login. */
  readonly accountCounts: AccountCounts | undefined
  /** The same with this message, which is counted by asking unless it passes a limit: asked at `message`. */
  readonly accountMessageTaken: AccountCounts | undefined
  /** Networks that the account sent from in a day, the client's included; undefined without a login. */
  readonly accountNetworks: number | undefined
  /** Has the account written to this recipient before? True without a login: the question does not arise. */
  readonly recipientKnown: boolean
  /** Signs that a trusted client hides strangers; undefined for one that is not trusted, or logged in. */
  readonly trustSigns: TrustSigns | undefined
}

export type FactName = keyof FactTable

/** The readers behind the facts: live, read-only or recorded. A reader that fails throws; the stage makes it a deferral. */
export type FactReaders<S> = {
  readonly [F in FactName]: (subject: S) => FactTable[F] | Promise<FactTable[F]>
} & {
  /** Count evidence against the client, and give the counts with it. */
  readonly evidence: (subject: S, kind: EvidenceKind) => readonly Tally[] | Promise<readonly Tally[]>
}
