import type { Exchange, MechanismName, SignInResult } from '#auth/contract.ts'
import type { SessionTag } from '#events/contract.ts'
import type { Finding } from '#gate/record.ts'
import type { Maildrop } from './maildrop.ts'
import type { Peer, Pop3Listener } from './ports.ts'

/** RFC 1939 §3: a session that has logged in may be silent this long; the RFC wants ten minutes at least. */
export const IDLE_MS = 10 * 60_000
/** Before the login nobody has a claim to that. */
export const LOGIN_IDLE_MS = 2 * 60_000
/** Failed logins in one session; then it ends. */
export const MOST_FAILED_LOGINS = 3

/** A SASL exchange under way (RFC 5034 §4). */
export interface SaslExchange {
  readonly mechanism: MechanismName
  readonly exchange: Exchange
  /** The server's last message has been sent: the client's empty line is all that is missing. */
  readonly result?: SignInResult
}

/** One connection's dialogue, as the commands see and change it. Plain data: no socket, no clock. */
export interface Session {
  readonly tag: SessionTag
  readonly service: Pop3Listener['service']
  readonly peer: Peer
  /** The connection is under TLS. */
  tls: boolean
  /** The name that USER gave. */
  name: string | undefined
  sasl: SaslExchange | undefined
  utf8: boolean
  /** The primary address of who logged in. */
  user: string | undefined
  /** Open from the login on: the TRANSACTION state of RFC 1939 §5. */
  maildrop: Maildrop | undefined
  failedLogins: number
  commands: number
  failedCommands: number
  /** Refusals, which have a record. */
  refusals: number
  /** What the rules found of the connection, and what those found since that only observe. */
  findings: readonly Finding[]
  retrieved: number
  /** Messages that QUIT took out of the mailbox. */
  removed: number
}

/** Begin a session at its AUTHORIZATION state. */
export function startSession(service: Pop3Listener['service'], peer: Peer): Session {
  return {
    tag: { service, ip: peer.ip },
    service,
    peer,
    tls: false,
    name: undefined,
    sasl: undefined,
    utf8: false,
    user: undefined,
    maildrop: undefined,
    failedLogins: 0,
    commands: 0,
    failedCommands: 0,
    refusals: 0,
    findings: [],
    retrieved: 0,
    removed: 0,
  }
}

/** Tell whether passwords may be taken here: under TLS, or from the machine itself, where nobody listens in. */
export function mayLogIn({ tls, peer: { ip } }: Session): boolean {
  return tls || ip === '::1' || ip.startsWith('127.')
}
