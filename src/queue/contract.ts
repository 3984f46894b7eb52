/** What the queue asks of those who carry its mail, and what they answer: plain data. */
import type { NewMessage, NewQueueEntry, QueueEntry } from '#store/contract.ts'

/** How far a try came; in this order. */
export type Stage =
  | 'route'
  | 'dns'
  | 'connect'
  | 'greeting'
  | 'hello'
  | 'starttls'
  | 'login'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'message'

/** What another server answered: its text is an attacker's, cut to 500 printable characters, lines joined by a blank. */
export interface RemoteReply {
  readonly code: number
  /** Enhanced status code (RFC 3463), where it gave one. */
  readonly status?: string
  readonly text: string
}

/** The server that was spoken to, and how the way to it was kept. */
export interface Hop {
  readonly host: string
  readonly ip?: string
  readonly port: number
  readonly tls?: {
    readonly version: string
    readonly cipher: string
    /** What made sure of the certificate; undefined when nothing did. */
    readonly verifiedBy?: 'dane' | 'mta-sts' | 'settings' | 'requiretls'
  }
}

/** What one try came to, for one recipient. */
export type Outcome =
  /** The next server has taken over. */
  | {
      readonly is: 'delivered'
      readonly hop: Hop
      readonly reply: RemoteReply
      /** It took over the duty to report as well (RFC 3461 §5.2.3): we say nothing of success. */
      readonly passedDsn: boolean
    }
  /** It ends in mailboxes of ours; forwards lead on to addresses elsewhere. */
  | { readonly is: 'placed'; readonly mailboxIds: readonly number[]; readonly forwards?: readonly NewQueueEntry[] }
  | Trouble

/** It was not taken: for now (`deferred`, 4.x.x), or for good (`failed`, 5.x.x). */
export interface Trouble {
  readonly is: 'deferred' | 'failed'
  /** Enhanced status code, ours or the other side's. */
  readonly status: string
  /** One sentence: what happened, with the value. */
  readonly because: string
  readonly stage: Stage
  /**
   * What it says something of: this recipient, this message, the server (all of them were tried: none could be spoken to), or the
   * domain (its DNS, its policy). Trouble with the server or the domain holds for whatever else waits for it.
   */
  readonly scope: 'recipient' | 'message' | 'server' | 'domain'
  readonly reply?: RemoteReply
  readonly hop?: Hop
}

/** Recipients of one message that go the same way, in one transaction: same reverse path, same parameters of MAIL. */
export interface Consignment {
  readonly messageId: number
  readonly entries: readonly [QueueEntry, ...QueueEntry[]]
}

/** By which way an entry goes. What is behind it is the carrier's own. */
export interface Plan {
  readonly is: 'plan'
  /** The server or servers that it leads to; concurrency is bounded by it as by the domain: `mx:a.example,b.example`, `relay:host:587`. */
  readonly site: string
  /** Entries of one message with the same way may share a transaction when this is equal. */
  readonly way: string
  /** It costs no connection (mailboxes of our own). */
  readonly local?: true
}

/** Told how far a delivery is: `postern queue running`. */
export interface Progress {
  at(stage: Stage, hop?: Hop): void
  /** Bytes of the message sent so far. */
  sent(bytes: number): void
}

/** Takes mail to where it goes. Neither call rejects: trouble is an outcome. */
export interface Carrier {
  /** Find the way of an entry. DNS answers are cached, so that asking for every entry is cheap. */
  plan(entry: QueueEntry): Promise<Plan | Trouble>
  /** Try, once; gives an outcome for each entry, in their order. */
  carry(plan: Plan, consignment: Consignment, progress: Progress): Promise<readonly Outcome[]>
}

/** What a sender is told (RFC 3461 §5). */
export interface Report {
  readonly kind: 'failed' | 'delayed' | 'relayed' | 'delivered'
  /** Entries of one message, and what the report says of each. */
  readonly entries: readonly {
    readonly entry: QueueEntry
    readonly outcome: Outcome
    /** For `delayed`: until when it is tried. */
    readonly untilMs?: number
  }[]
}

/** Writes reports as messages; undefined where nobody is to be told (the null sender, a sender that ends nowhere). Does not reject. */
export type WriteReport = (report: Report) => Promise<NewMessage | undefined>
