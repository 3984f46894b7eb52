/** The world as the SMTP server sees it: everything it asks of other parts comes in through here. */
import type { SecureContext } from 'node:tls'
import type { SignIn } from '#auth/contract.ts'
import type { Clock } from '#base/clock.ts'
import type { Srs } from '#base/srs.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Sentence } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import type { MessageStore, NewMessage } from '#store/contract.ts'
import type { Records } from '#store/records.ts'

export interface Ports {
  readonly clock: Clock
  /** The settings as they stand now; a session asks anew for each connection, message or command, as `applies` says. */
  readonly settings: () => Settings
  /** The name this server gives itself. */
  readonly hostname: () => string
  readonly secureContext: () => SecureContext
  /** DER of the certificate shown, for tls-server-end-point (RFC 5929 §4). */
  readonly certificate: () => Uint8Array
  readonly facts: FactReaders<Subject>
  readonly directory: Directory
  readonly signIn: SignIn
  readonly messages: Pick<MessageStore, 'draft' | 'accept'>
  /** Where the records of refusals go, and of sessions without a message. */
  readonly records: Records
  /** The next number for a record, and the reference that stands for it in replies. */
  readonly nextReference: () => { readonly id: number; readonly ref: string }
  /** Have carried out what follows from a judgement (a block, a freeze, suspended trust); nobody waits for it. */
  readonly sentence: (sentence: Sentence, ref: string | undefined) => void
  /** Rewrites the senders of forwarded mail; without it they stay. */
  readonly srs?: Srs
  /** Write the report on a message that has come; undefined where nobody is to be told. Does not reject. Without it none is written. */
  readonly reportArrival?: (arrival: ArrivalReport) => Promise<NewMessage | undefined>
  readonly events: Events
}

/** That a message has come to recipients here, or was passed on to all who are behind an address (RFC 3461 §5.2.7). */
export interface ArrivalReport {
  readonly kind: 'delivered' | 'expanded'
  /** The reverse path. */
  readonly sender: string
  /** As the ENVID parameter gave it. */
  readonly envid?: string
  readonly requireTls?: true
  readonly arrivalMs: number
  /** Reference of the decision that took it. */
  readonly ref: string
  readonly recipients: readonly { readonly recipient: string; readonly orcpt?: string }[]
  /** The beginning of the message, with its header. */
  readonly head: Uint8Array
}

/** One listening socket's meaning. */
export interface Listener {
  readonly service: Extract<ServiceName, 'smtp' | 'submission' | 'submissions'>
  /** TLS from the first byte (RFC 8314 §3.3). */
  readonly implicitTls: boolean
}

/** The two ends of a TCP connection, before any PROXY header. */
export interface Peer {
  readonly ip: string
  readonly port: number
}
