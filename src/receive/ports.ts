/** The world as the SMTP server sees it: everything it asks of other parts comes in through here. */
import type { SecureContext } from 'node:tls'
import type { SignIn } from '#auth/contract.ts'
import type { Clock } from '#base/clock.ts'
import type { Directory } from '#directory/contract.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Sentence } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import type { MessageStore } from '#store/contract.ts'
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
  readonly messages: MessageStore
  /** Where the records of refusals go, and of sessions without a message. */
  readonly records: Records
  /** The next number for a record, and the reference that stands for it in replies. */
  readonly nextReference: () => { readonly id: number; readonly ref: string }
  /** Have carried out what follows from a judgement (a block, a freeze, suspended trust); nobody waits for it. */
  readonly sentence: (sentence: Sentence, ref: string | undefined) => void
  readonly events: Events
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
