/**
 * What the store promises, one interface a matter. Two engines fulfil it; `test/contract/store/` is the suite each must pass.
 *
 * A write is durable when its promise resolves: it survives kill -9 and power loss. A write that rejects with a Fault has
 * changed nothing. Reads see every write that has resolved before they began.
 */
import type { Block, Suspension } from '#base/block.ts'
import { Fault } from '#base/fault.ts'

export type Awaitable<T> = T | Promise<T>

/** There is no room for the write: SMTP answers 452 (RFC 5321 §4.2.3), and it may succeed once space has been made. */
export class StoreFull extends Fault {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, temporary: true })
    this.name = 'StoreFull'
  }
}

/** Tell whether a thrown value means that the store has no room left. */
export function isStoreFull(error: unknown): boolean {
  return error instanceof StoreFull
}

export interface Store {
  readonly settings: SettingsVersions
  readonly directory: DirectoryStore
  readonly messages: MessageStore
  readonly mailboxes: MailboxStore
  readonly decisions: DecisionStore
  readonly queue: QueueStore
  readonly vault: VaultStore
  readonly transport: TransportStore
  readonly contacts: ContactStore
  readonly blocks: BlockStore
  /** Write a consistent copy of everything into `file` while the server runs; the file must not exist. */
  backup(file: string): Promise<{ readonly bytes: number }>
  close(): Promise<void>
}

// ---- settings -------------------------------------------------------------------------------------------------------

export interface SettingsVersion {
  readonly version: number
  readonly atMs: number
  /** Who changed it: `postern (root)`, `provisioning`, an administrator's address. */
  readonly author: string
  readonly comment: string
  /** Only what differs from the defaults, in the form of `postern settings export`, as YAML. */
  readonly changed: string
}

export interface SettingsVersions {
  latest(): Awaitable<SettingsVersion | undefined>
  get(version: number): Awaitable<SettingsVersion | undefined>
  /** Newest first. */
  history(limit: number): Awaitable<readonly Omit<SettingsVersion, 'changed'>[]>
  /** Add the version after `basedOn` (0 when there is none); rejects with a Fault if another was added since. */
  add(version: Omit<SettingsVersion, 'version'>, basedOn: number): Promise<number>
}

// ---- directory ------------------------------------------------------------------------------------------------------

export interface DomainRow {
  readonly id: number
  /** Lower case, A-labels. */
  readonly name: string
  /** The name of the domain that this one is an alias of. */
  readonly aliasOf?: string
}

export type Forwarding = { readonly to: readonly string[]; readonly keepCopy: boolean }

export interface UserRow {
  readonly id: number
  /** The primary address, `local@domain`, lower case. */
  readonly address: string
  readonly name: string
  readonly disabled: boolean
  readonly mailboxId: number
  readonly quotaBytes?: number
  readonly quotaMessages?: number
  readonly forwarding?: Forwarding
  readonly localDomainsOnly: boolean
  /** Sending is frozen (a hijacked account): reading mail goes on, nothing is taken from this user. */
  readonly frozen?: Frozen
  /** Further addresses of this user. */
  readonly addresses: readonly string[]
}

/** Why and since when an account may not send. */
export interface Frozen {
  readonly sinceMs: number
  /** What was seen, in a sentence, or what the administrator wrote. */
  readonly why: string
  /** The rule that froze it, or who did. */
  readonly by: string
  /** The reference of the decision that brought it about. */
  readonly ref?: string
}

/** What a password leaves behind: never the password. */
export interface Credentials {
  /** PHC string of argon2id (RFC 9106). */
  readonly argon2id: string
  /** SCRAM-SHA-256 keys (RFC 5802 §3, RFC 7677). */
  readonly scram: {
    readonly salt: Uint8Array
    readonly iterations: number
    readonly storedKey: Uint8Array
    readonly serverKey: Uint8Array
  }
}

export interface GroupRow {
  readonly id: number
  readonly address: string
  readonly members: readonly string[]
}

export interface AliasRow {
  readonly id: number
  /** `local@domain`; the local part may hold `*` and `?`. */
  readonly address: string
  readonly to: readonly string[]
}

/** What an exact address names. */
export type AddressOwner =
  | { readonly is: 'user'; readonly user: UserRow }
  | { readonly is: 'group'; readonly group: GroupRow }
  | { readonly is: 'alias'; readonly alias: AliasRow }

export type NewUser = Omit<UserRow, 'id' | 'mailboxId'> & { readonly credentials?: Credentials }

/** A change to a user: absent keys stay, `null` takes the value away. */
export type UserChange = {
  readonly [K in keyof Omit<NewUser, 'address'>]?: NewUser[K] | null
}

export interface Page {
  /** Give rows after this address. */
  readonly after?: string
  readonly limit: number
  /** Only addresses that match this pattern (`*` and `?`). */
  readonly match?: string
}

/**
 * Addresses are given lower case with A-label domains; the directory module sees to that. One address has one owner: a write
 * that would give it two rejects with a Fault that names both. Every read is by index: a million users change no cost.
 */
export interface DirectoryStore {
  domain(name: string): Awaitable<DomainRow | undefined>
  domains(): Awaitable<readonly DomainRow[]>
  /** The owner of exactly this address (wildcard aliases are not tried). */
  owner(address: string): Awaitable<AddressOwner | undefined>
  /** The aliases of a domain whose local part holds `*` or `?`, most specific first; few by nature (at most 1,000 a domain). */
  wildcardAliases(domain: string): Awaitable<readonly AliasRow[]>
  credentials(userId: number): Awaitable<Credentials | undefined>
  user(id: number): Awaitable<UserRow | undefined>
  /** The enabled user that was added first: who gets what `postmaster` gets where nobody has that address. */
  firstUser(): Awaitable<UserRow | undefined>
  users(page: Page): Awaitable<readonly UserRow[]>
  groups(page: Page): Awaitable<readonly GroupRow[]>
  aliases(page: Page): Awaitable<readonly AliasRow[]>

  addDomain(domain: Omit<DomainRow, 'id'>): Promise<void>
  setDomain(name: string, change: { readonly aliasOf: string | null }): Promise<void>
  /** Rejects with a Fault while anything still lives in it. */
  removeDomain(name: string): Promise<void>
  /** Add users with their mailboxes in one transaction, all or none; at most 1,000 at once. */
  addUsers(users: readonly NewUser[]): Promise<void>
  setUser(address: string, change: UserChange): Promise<void>
  /** Remove a user, the addresses and the mailbox with its mail. */
  removeUser(address: string): Promise<void>
  putGroup(group: Omit<GroupRow, 'id'>): Promise<void>
  removeGroup(address: string): Promise<void>
  putAlias(alias: Omit<AliasRow, 'id'>): Promise<void>
  removeAlias(address: string): Promise<void>
}

// ---- messages -------------------------------------------------------------------------------------------------------

export interface NewMessage {
  /** The reverse path, `''` for the null sender. */
  readonly sender: string
  readonly receivedAtMs: number
  /** Our trace header (the Received field, CRLF at its end); stands before the body when the message is read. */
  readonly trace: Uint8Array
  /** The message as the client sent it, whole: for bodies up to INLINE_BYTES. Ownership passes to the store. */
  readonly body: Uint8Array | BodyDraft
  readonly mailboxIds: readonly number[]
  readonly queue: readonly NewQueueEntry[]
  /** The account that sent it, and the recipients (lower case) that it has not written to before: remembered with the message. */
  readonly contacts?: { readonly userId: number; readonly recipients: readonly string[] }
  readonly record: DecisionRecord
}

/** Bodies up to this size are handed over whole; longer ones stream into a draft piece by piece. */
export const INLINE_BYTES = 128 * 1024

/**
 * A body that comes in pieces. `write` resolves when the store can take more, so memory stays bounded; the pieces are part of
 * no message until `accept` names the draft. `abandon`, a crash and a lost session all give the space back.
 */
export interface BodyDraft {
  readonly sizeBytes: number
  write(piece: Uint8Array): Promise<void>
  abandon(): void
}

export interface MessageStore {
  draft(): BodyDraft
  /** Keep a message with all its placements and its record, in one transaction; resolves once that is on disk. */
  accept(message: NewMessage): Promise<{ readonly messageId: number }>
  /**
   * Read a message that waits, as it was received: the trace header and the body, piece by piece (at most 256 KiB each);
   * undefined when it is gone. A small message is one piece.
   */
  read(messageId: number): Awaitable<Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined>
}

// ---- mailboxes ------------------------------------------------------------------------------------------------------

/** One message in a mailbox. `uid` is stable, rises with arrival, and is never given twice. */
export interface Placement {
  readonly uid: number
  /** As POP3 reads it: Return-Path line, trace header and body. */
  readonly sizeBytes: number
}

export interface MailboxUsage {
  readonly messages: number
  readonly bytes: number
}

export interface MailboxStore {
  usage(mailboxId: number): Awaitable<MailboxUsage>
  /** Every message of the mailbox, oldest first. */
  list(mailboxId: number): Awaitable<readonly Placement[]>
  /**
   * Read a message piece by piece: first the Return-Path line and the trace header, then the body; undefined when the mailbox
   * no longer holds it. Pieces are at most 256 KiB.
   */
  read(mailboxId: number, uid: number): Awaitable<Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined>
  /** Take messages out of a mailbox in one transaction; those no longer there are passed over. Gives how many there were. */
  remove(mailboxId: number, uids: readonly number[]): Promise<number>
}

// ---- decisions ------------------------------------------------------------------------------------------------------

/** The record of one decision: what `postern explain REF` prints. */
export interface DecisionRecord {
  /** Number behind the reference; `ids()` hands them out. */
  readonly id: number
  readonly atMs: number
  /** `ended`: a session that went without a message or a refusal. `discarded`: taken, and thrown away. */
  readonly outcome: 'accepted' | 'refused' | 'deferred' | 'ended' | 'discarded'
  readonly service: string
  readonly ip: string
  readonly sender?: string
  readonly recipients: readonly string[]
  /** The reply as the client got it. */
  readonly reply: string
  /** How often the same happened to the same client after this, counted and not kept one by one; and when last. */
  readonly repeats?: { readonly count: number; readonly lastAtMs: number }
  /** What the session was: HELO name, TLS, user; and every finding in order. JSON that `review` reads. */
  readonly story: string
}

export interface DecisionStore {
  /** Reserve a run of numbers that no other caller and no later start is given: [first, first + count). */
  reserve(count: number): Promise<number>
  get(id: number): Awaitable<DecisionRecord | undefined>
  /**
   * Keep records that belong to no message. Resolves when durable; callers need not wait. A number that is there already is
   * written over: the count of its repeats has grown.
   */
  add(records: readonly DecisionRecord[]): Promise<void>
  /** Newest first. */
  find(by: {
    readonly ip?: string
    readonly sender?: string
    readonly recipient?: string
    readonly outcome?: DecisionRecord['outcome']
    /** Only records of this moment and later. */
    readonly sinceMs?: number
    readonly limit: number
  }): Awaitable<readonly DecisionRecord[]>
  /** Forget what is older, at most `limit` records at once; gives how many went. */
  forgetBefore(atMs: number, limit: number): Promise<number>
  /** The secret that makes references unguessable: made once, kept with the store. */
  key(): Awaitable<Uint8Array>
}

// ---- queue ----------------------------------------------------------------------------------------------------------

/** One recipient elsewhere that a kept message waits for. */
export interface NewQueueEntry {
  readonly recipient: string
  /** The reverse path to give to the next server, where it is not the message's own (SRS for forwards). */
  readonly returnPath?: string
  /** DSN parameters of RFC 3461, as given: of the recipient, and of its message. */
  readonly notify?: string
  readonly orcpt?: string
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
  /** What the client declared of the content (RFC 6152 §2): the next server must be able to take it. */
  readonly body?: '7BIT' | '8BITMIME'
  /** The message or its envelope needs SMTPUTF8 (RFC 6531 §3.4). */
  readonly smtputf8?: true
  /** It may only travel where TLS is verified (RFC 8689 §2). */
  readonly requireTls?: true
  /** Its sender would have it delivered rather than kept back for the recipient domain's wish for TLS (RFC 8689 §5). */
  readonly tlsOptional?: true
  /** The primary address of the user that sent it, where one had logged in; and the client's address. */
  readonly user?: string
  readonly ip?: string
}

export interface QueueEntry extends NewQueueEntry {
  readonly id: number
  readonly messageId: number
  /** Number of the decision that took the message; what becomes of it is told there. */
  readonly decision: number
  /**
   * Of the recipient, what concurrency, pauses and shaping go by: lower case, a name beyond ASCII in A-labels (RFC 5890 §2.3.2.1); what
   * is no name in lower case as it was given.
   */
  readonly domain: string
  /** Whose it is, for fairness between senders: the user, else the client's address, else `''`. */
  readonly origin: string
  /** The reverse path of the message. */
  readonly sender: string
  readonly sizeBytes: number
  readonly createdAtMs: number
  /** When it is to be tried next; undefined is now. */
  readonly dueAtMs?: number
  readonly attempts: number
  /** The sender was told that it is late. */
  readonly warned?: true
  /** It is not to be tried until it is released. */
  readonly held?: true
  /** What the last tries came to, the newest last; a handful. JSON (`Answer[]` of `queue/answers.ts`). */
  readonly answers?: string
}

/** What becomes of an entry after a try. An entry that is gone meanwhile (removed by hand) is passed over. */
export interface Settlement {
  readonly id: number
  readonly next: /** It is over: delivered, failed, expired or removed. The message goes with the last that holds it. */
    | { readonly is: 'gone' }
    /** To be tried again. */
    | {
        readonly is: 'waiting'
        readonly dueAtMs: number
        readonly attempts: number
        readonly warned: boolean
        readonly answers: string
      }
    /** Into these mailboxes of ours, and on to these addresses elsewhere as new entries of the same message; the entry is over. */
    | { readonly is: 'placed'; readonly mailboxIds: readonly number[]; readonly forwards?: readonly NewQueueEntry[] }
  /** What is kept of it when it is over. */
  readonly delivery?: Delivery
}

/** What a sender is told of settlements; it is kept unless all of those were passed over, since then nothing of it came to pass. */
export interface SettlementReport {
  readonly message: NewMessage
  /** Numbers of the entries whose settlements it follows from. */
  readonly about: readonly number[]
}

/** How one recipient of a message ended: what `postern explain REF` tells after the decision. */
export interface Delivery {
  /** The decision that took the message. */
  readonly decision: number
  readonly atMs: number
  readonly recipient: string
  readonly outcome: 'delivered' | 'failed' | 'expired' | 'removed'
  /** Host, TLS, reply, tries: JSON that `queue` writes and `review` reads. */
  readonly story: string
}

/** Which entries a search or an act means; all that are given must hold. Patterns: `*` any characters, `?` one. */
export interface QueueFilter {
  readonly ids?: readonly number[]
  readonly sender?: string
  readonly recipient?: string
  /** As `QueueEntry.domain`. */
  readonly domain?: string
  readonly user?: string
  readonly ip?: string
  readonly held?: boolean
  /** Only entries of the message that this decision took. */
  readonly decision?: number
}

export type QueueOrder = 'id' | 'due' | 'size' | 'attempts' | 'sender' | 'recipient'

export interface QueueStore {
  /** Entries of every kind; kept as a number, so that a million cost nothing. */
  count(): Awaitable<number>
  /** Entries that a filter means, in this order (oldest first, unless `descending`), after `offset` of them. */
  find(
    filter: QueueFilter,
    page: {
      readonly order?: QueueOrder
      readonly descending?: boolean
      /** Only those of greater numbers (of smaller, when `descending`): what lies before is not looked at, so that pages by `id` are cheap. */
      readonly afterId?: number
      readonly offset?: number
      readonly limit: number
    },
  ): Awaitable<readonly QueueEntry[]>
  /** How many entries a filter means, their messages' bytes, and how many of them are held. */
  measure(filter: QueueFilter): Awaitable<{ readonly entries: number; readonly bytes: number; readonly held: number }>
  get(id: number): Awaitable<QueueEntry | undefined>

  /**
   * Entries that may be tried now (due, not held), that came after this number, oldest first: how the scheduler hears what is new.
   * By index; costs what it gives.
   */
  arrivals(afterId: number, limit: number): Awaitable<readonly QueueEntry[]>
  /** Domains with entries that may be tried now, in their order, after `after`: one step of the index for each. */
  readyDomains(after: string, limit: number): Awaitable<readonly string[]>
  /**
   * Entries of one domain that may be tried now, in turn of their origins beginning after `afterOrigin` (around once), at most
   * `perOrigin` of each and `limit` in all; `skip` are those under way. Whoever floods a domain is one origin of it.
   */
  ready(
    domain: string,
    turn: {
      readonly afterOrigin: string
      readonly perOrigin: number
      readonly limit: number
      readonly skip: ReadonlySet<number>
    },
  ): Awaitable<readonly QueueEntry[]>
  /** The earliest moment at which an entry that waits is due; undefined when none waits. */
  nextDueMs(): Awaitable<number | undefined>
  /** Make what is due by then ready, the earliest first, at most `limit`; gives their domains, and whether there may be more. */
  wake(nowMs: number, limit: number): Promise<{ readonly domains: readonly string[]; readonly more: boolean }>
  /**
   * Put down what became of entries, and keep the reports that follow from it, in one transaction. Gives the numbers of those that were
   * passed over: their entries were gone, or all the mailboxes that they were for.
   */
  settle(settlements: readonly Settlement[], reports: readonly SettlementReport[]): Promise<readonly number[]>

  /** Hold, release (both give how many entries it were), or make due now all that a filter means; in steps, each short. */
  hold(filter: QueueFilter): Promise<number>
  release(filter: QueueFilter): Promise<number>
  retry(filter: QueueFilter): Promise<number>
  /** Delete all that a filter means, without a word to the sender; what is deleted is gone for good. */
  remove(filter: QueueFilter, delivery: Pick<Delivery, 'atMs' | 'story'>): Promise<number>

  /** The deliveries that belong to a decision, oldest first; at most 1,000. */
  deliveries(decision: number): Awaitable<readonly Delivery[]>
  /** Forget deliveries older than this, at most `limit` at once; gives how many went. */
  forgetDeliveriesBefore(atMs: number, limit: number): Promise<number>

  /** Domains that an administrator has stopped mail to. */
  paused(): Awaitable<readonly PausedDomain[]>
  pause(domain: PausedDomain): Promise<void>
  /** False when it was not paused. */
  resume(domain: string): Promise<boolean>
}

export interface PausedDomain {
  /** As `QueueEntry.domain`; may be a pattern. */
  readonly domain: string
  readonly sinceMs: number
  readonly author: string
  readonly why?: string
}

// ---- vault ----------------------------------------------------------------------------------------------------------

/** Secrets that must be used again and so cannot be hashed: passwords for relay servers, private keys. Sealed before they come here. */
export interface VaultStore {
  get(kind: SealedSecret['kind'], name: string): Awaitable<SealedSecret | undefined>
  /** Every secret of a kind, by name. */
  list(kind: SealedSecret['kind']): Awaitable<readonly SealedSecret[]>
  put(secret: SealedSecret): Promise<void>
  /** False when there was none. */
  remove(kind: SealedSecret['kind'], name: string): Promise<boolean>
}

export interface SealedSecret {
  readonly kind: 'credentials' | 'dkim'
  readonly name: string
  /** What may be shown of it: JSON. */
  readonly open: string
  /** AES-256-GCM by `base/seal.ts`; the key is not in the store. */
  readonly sealed: Uint8Array
  readonly changedAtMs: number
}

// ---- transport security ---------------------------------------------------------------------------------------------

/** What is remembered of other domains' transport policies, and what is to be reported to them. */
export interface TransportStore {
  /** The policy of a domain as it was last fetched (RFC 8461 §3.3); JSON of `deliver/mta-sts`. */
  policy(domain: string): Awaitable<string | undefined>
  putPolicy(domain: string, policy: string, untilMs: number): Promise<void>
  forgetPoliciesBefore(nowMs: number, limit: number): Promise<number>
  /** Add to what was counted of sessions with a domain on a day (RFC 8460); `key` is JSON that says what was counted. */
  countSessions(counts: readonly TlsCount[]): Promise<void>
  /** Every count of days before this one; at most `limit` domains' worth at a time, by domain. */
  countsBefore(day: string, limit: number): Awaitable<readonly TlsCount[]>
  forgetCounts(day: string, domain: string): Promise<void>
}

export interface TlsCount {
  /** `2026-11-24`, UTC. */
  readonly day: string
  readonly domain: string
  readonly key: string
  readonly sessions: number
}

// ---- contacts -------------------------------------------------------------------------------------------------------

/** Whom each account has written to: what makes a recipient new. At most 50,000 an account, the oldest go first. */
export interface ContactStore {
  knows(userId: number, recipient: string): Awaitable<boolean>
}

// ---- blocks ---------------------------------------------------------------------------------------------------------

/** Blocks and suspended trust: what a restart must not forget. */
export interface BlockStore {
  /** Every block that has not ended at this moment, and was not lifted. */
  standing(nowMs: number): Awaitable<readonly Block[]>
  /** How many blocks of this network began at this moment or later, those that have ended or were lifted by time included. */
  countSince(network: string, sinceMs: number): Awaitable<number>
  add(block: Omit<Block, 'id'>): Promise<Block>
  /** End a block; false when none of this number stands. It no longer counts as a repeat. */
  lift(id: number): Promise<boolean>
  /** Forget blocks that ended before this moment; at most `limit`, gives how many. */
  forgetBefore(untilMs: number, limit: number): Promise<number>
  suspensions(): Awaitable<readonly Suspension[]>
  suspend(suspension: Suspension): Promise<void>
  /** Give an address its trust back; false when it was not suspended. */
  restoreTrust(ip: string): Promise<boolean>
  /** A small fact to be remembered across restarts, by name (`administrator-address`); undefined when it was never set. */
  remembered(name: string): Awaitable<string | undefined>
  remember(name: string, value: string): Promise<void>
}
