import type { ServiceName } from '#settings/schema.ts'

/**
 * The steps of a session at which the gate is asked. `greeting` is asked when the greeting's delay is over, `login` after each
 * login that was tried, `command` after a command that failed, `abandon` when a transaction ends whose recipients were sent
 * nothing.
 */
export const STAGES = [
  'connect',
  'greeting',
  'hello',
  'login',
  'sender',
  'recipient',
  'message',
  'command',
  'abandon',
] as const
export type Stage = (typeof STAGES)[number]

/** Tell whether this is one of the services that take mail. */
export function isSmtp(service: ServiceName): service is 'smtp' | 'submission' | 'submissions' {
  return service === 'smtp' || service === 'submission' || service === 'submissions'
}

/** A login that did not succeed. */
export interface DeniedLogin {
  /** The name that was tried, as the client wrote it. */
  readonly name: string
  readonly why: string
  /**
   * Tells one guess from another without telling the guess: a keyed digest of name and password; undefined where the mechanism
   * shows the server no password, and then every failure counts.
   */
  readonly guess?: string
}

/** What the protocol knows of a session when it asks: given facts, plain data, nothing looked up. */
export interface Subject {
  readonly service: ServiceName
  /** The client's address, IPv4 or IPv6 text; IPv4-mapped IPv6 is written as IPv4. */
  readonly ip: string
  readonly tls: boolean
  readonly helo?: string
  /** The user (primary address) that logged in, if one did. */
  readonly user?: string
  /** A login was tried in this session and failed, and none has succeeded since. */
  readonly loginFailed: boolean
  /** The login that was just denied: asked at `login`. */
  readonly deniedLogin?: DeniedLogin
  readonly failedCommands: number
  /** The command that failed was refused by a rule, which counts against the client itself: asked at `command`. */
  readonly refusedByRule?: true
  /** The client talked, or went, before the greeting: asked at `greeting`. */
  readonly talkedEarly?: boolean
  /** The reverse path, `''` for the null sender. */
  readonly sender?: string
  /** The size the client declared (RFC 1870). */
  readonly declaredBytes?: number
  /** The recipient asked about, as the client wrote it. */
  readonly recipient?: string
  /** Recipients accepted so far in this transaction. */
  readonly recipientCount?: number
  /** Of those, the ones that the account never wrote to before. */
  readonly newRecipientCount?: number
  /** The recipients that were sent nothing: asked at `abandon`. */
  readonly abandoned?: readonly string[]
  readonly messageBytes?: number
  /** Received lines that the message carried when it came. */
  readonly hops?: number
}
