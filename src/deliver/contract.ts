/** What the parts of delivery hand each other. */
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { Hop, Outcome, Stage, Trouble } from '#queue/contract.ts'
import type { NewQueueEntry } from '#store/contract.ts'

/** One place to connect to. */
export interface ServerAddress {
  /** The name it was found by (an MX host, a relay server): for SNI, certificates and records. May be an address. */
  readonly host: string
  readonly ip: string
  readonly port: number
}

/** A TLSA record (RFC 6698 §2.1). */
export interface TlsaRecord {
  readonly usage: number
  readonly selector: number
  readonly matching: number
  readonly data: Uint8Array
}

/** What TLS has to be on one connection, and who says so. */
export interface TlsRequirement {
  readonly mode: 'none' | 'opportunistic' | 'required' | 'verified'
  /** Who asks for more than `opportunistic`. */
  readonly by: 'settings' | 'mta-sts' | 'dane' | 'requiretls'
  /** `verified` by the web's authorities: names of which the certificate must bear one (RFC 6125; RFC 7672 §3.2.3 for DANE-TA). */
  readonly names: readonly string[]
  /** `verified` by DANE: these and nothing else decide (RFC 7672 §3.1). */
  readonly tlsa?: readonly TlsaRecord[]
  /** A failure is counted and reported, and stops nothing (MTA-STS mode `testing`, RFC 8461 §5). */
  readonly testing?: true
}

/** Says why a certificate does not fulfil a requirement; undefined when it does. */
export type CheckCertificate = (requirement: TlsRequirement, socket: TLSSocket) => string | undefined

/** What it takes to log in on a relay server. */
export interface Login {
  readonly user: string
  readonly password: string
}

export interface ConversationOptions {
  readonly server: ServerAddress
  readonly protocol: 'smtp' | 'lmtp'
  /** The name for EHLO or LHLO. */
  readonly hello: string
  readonly localAddress?: string
  readonly connectTimeoutMs: number
  /** When it must be ready at the latest, in the clock's monotonic time; where nothing is said, five minutes after it is connected. */
  readonly untilMs?: number
  readonly tls: TlsRequirement
  /** TLS from the first byte. */
  readonly implicitTls: boolean
  readonly checkCertificate: CheckCertificate
  /** PEM certificates to trust besides the system's (tests, an own CA). */
  readonly ca?: readonly string[]
  readonly login?: Login
  readonly clock: Clock
  readonly at: (stage: Stage, hop?: Hop) => void
}

/** One recipient of a transaction, with its parameters as they were given to us. */
export type EnvelopeRecipient = Pick<NewQueueEntry, 'recipient' | 'notify' | 'orcpt'>

/** What goes over in one transaction. */
export interface Envelope extends Pick<NewQueueEntry, 'ret' | 'envid' | 'body' | 'smtputf8' | 'requireTls'> {
  /** The reverse path, `''` for the null one. */
  readonly returnPath: string
  readonly recipients: readonly EnvelopeRecipient[]
  readonly sizeBytes: number
  /** The whole content, CRLF at the end of its lines, in pieces; called once at most for each transaction. */
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  readonly sent: (bytes: number) => void
  /** Told how far this transaction is; `ConversationOptions.at` is told of the opening alone. */
  readonly at?: (stage: Stage, hop?: Hop) => void
}

/** A connection to a server, greeted, under TLS and logged in as was asked, ready for transactions. */
export interface Conversation {
  readonly hop: Hop
  /** Transactions done. */
  readonly messages: number
  /** False once the other side closed it, broke the protocol, or said 421. */
  readonly isOpen: boolean
  /**
   * Send a message to its recipients; gives an outcome for each, in their order. Never rejects. A transaction at a time. Trouble of
   * `scope: 'server'` (the connection was lost before anything was answered) says that another server may be tried.
   */
  send(envelope: Envelope): Promise<readonly Outcome[]>
  /** Say QUIT and close; never waits longer than a few seconds. */
  close(): void
}

/** Why no conversation came about; `tlsFailed` when TLS was tried and did not come about, so that in the clear it may. */
export interface NoConversation {
  readonly is: 'none'
  readonly trouble: Trouble
  /** The reason as TLS reports name it (RFC 8460 §4.3): `starttls-not-supported`, `certificate-expired`, `validation-failure`, … */
  readonly tlsFailed?: string
}
