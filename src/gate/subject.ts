import type { ServiceName } from '#settings/schema.ts'

/** The steps of a session at which the gate is asked (spec: stages). `command` is asked after a command that failed. */
export const STAGES = ['connect', 'hello', 'login', 'sender', 'recipient', 'message', 'command'] as const
export type Stage = (typeof STAGES)[number]

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
  readonly failedCommands: number
  /** The reverse path, `''` for the null sender. */
  readonly sender?: string
  /** The size the client declared (RFC 1870). */
  readonly declaredBytes?: number
  /** The recipient asked about, as the client wrote it. */
  readonly recipient?: string
  /** Recipients accepted so far in this transaction. */
  readonly recipientCount?: number
  readonly messageBytes?: number
  /** Received lines that the message carried when it came. */
  readonly hops?: number
}
