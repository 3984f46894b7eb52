/** Signing in: what SMTP AUTH (RFC 4954), POP3 AUTH (RFC 5034), USER/PASS and later the administration share. */
import type { UserRow } from '#store/contract.ts'

export const MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const
export type MechanismName = (typeof MECHANISMS)[number]

/** RFC 5929 / RFC 9266 channel bindings of the TLS connection in use. */
export interface ChannelBindings {
  readonly 'tls-server-end-point'?: Uint8Array
  readonly 'tls-exporter'?: Uint8Array
}

export type SignInResult =
  | { readonly is: 'user'; readonly user: UserRow }
  /** Wrong name or password, or disabled: the client is told the same for all; `why` is for the record. */
  | {
      readonly is: 'denied'
      readonly name: string
      readonly why: string
      /** Tells one guess from another, and nothing of the guess; undefined where the mechanism shows no password (SCRAM). */
      readonly guess?: string
    }
  /** The client's message did not follow the mechanism's grammar. */
  | { readonly is: 'malformed'; readonly why: string }
  /** Too many hashes wait already, or the store is away: 454, try again. */
  | { readonly is: 'unavailable'; readonly why: string }

/** One exchange under way. Messages are raw bytes: the protocol does base64, `*` cancels and the length limit. */
export interface Exchange {
  /** What the server says first, if the mechanism has the server speak first and no initial response came. */
  start(initialResponse: Uint8Array | undefined): Promise<ExchangeStep>
  next(response: Uint8Array): Promise<ExchangeStep>
}

export type ExchangeStep =
  | { readonly is: 'challenge'; readonly data: Uint8Array }
  /** `data` is the server's last message (SCRAM's v=…), sent as a last challenge that the client answers with an empty line. */
  | { readonly is: 'done'; readonly result: SignInResult; readonly data?: Uint8Array }

export interface SignIn {
  /** The mechanisms to offer: -PLUS only with channel bindings. */
  mechanisms(bindings: ChannelBindings | undefined): readonly MechanismName[]
  exchange(mechanism: MechanismName, bindings: ChannelBindings | undefined): Exchange
  /** Check a name and a password (POP3's USER and PASS, later the administration). */
  password(name: string, password: string): Promise<SignInResult>
}
