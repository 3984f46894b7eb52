/** The world as the POP3 server sees it: everything it asks of other parts comes in through here. */
import type { SecureContext } from 'node:tls'
import type { SignIn } from '#auth/contract.ts'
import type { Clock } from '#base/clock.ts'
import type { Events } from '#events/contract.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Sentence } from '#gate/record.ts'
import type { Subject } from '#gate/subject.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import type { MailboxStore } from '#store/contract.ts'
import type { Records } from '#store/records.ts'

export interface Pop3Ports {
  readonly clock: Clock
  /** The settings as they stand now. */
  readonly settings: () => Settings
  /** The name this server gives itself. */
  readonly hostname: () => string
  readonly secureContext: () => SecureContext
  readonly facts: FactReaders<Subject>
  readonly signIn: SignIn
  readonly mailboxes: Pick<MailboxStore, 'list' | 'read' | 'remove'>
  /** Where the records of refusals go. */
  readonly records: Records
  /** Have carried out what follows from a judgement (a block); nobody waits for it. */
  readonly sentence: (sentence: Sentence, ref: string | undefined) => void
  readonly events: Events
  /** A login from this address succeeded: relaying after POP3 (`relay.popBeforeSmtp`) goes by it. */
  readonly loggedIn: (ip: string, user: string) => void
}

/** One listening socket's meaning. */
export interface Pop3Listener {
  readonly service: Extract<ServiceName, 'pop3' | 'pop3s'>
  /** TLS from the first byte (RFC 8314 §3.3). */
  readonly implicitTls: boolean
}

/** The two ends of the connection: those that a PROXY header named, where there was one. */
export interface Peer {
  readonly ip: string
  readonly port: number
}
