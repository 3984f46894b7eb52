import type { Login } from '../../contract.ts'
import { cramMd5 } from './cram-md5.ts'
import { login, plain } from './plain.ts'
import { scram } from './scram.ts'

/** One side of a login (RFC 4422 §3): ours. Messages are octets; the line they travel on is not its matter. */
export interface SaslClient {
  readonly name: string
  /** What is sent without being asked; undefined where the server speaks first. */
  readonly first?: Uint8Array
  /** Answer a challenge; undefined when it is not what the mechanism has here: the login is given up. */
  answer(challenge: Buffer): Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Why a success cannot be believed; undefined when it can. */
  doubt(): string | undefined
}

/** The mechanisms, from the one that tells the least to the one that tells all. */
const MECHANISMS: readonly {
  readonly name: string
  readonly tellsPassword: boolean
  readonly make: (login: Login) => SaslClient
}[] = [
  { name: 'SCRAM-SHA-256', tellsPassword: false, make: (account) => scram('SCRAM-SHA-256', account) },
  { name: 'SCRAM-SHA-1', tellsPassword: false, make: (account) => scram('SCRAM-SHA-1', account) },
  { name: 'CRAM-MD5', tellsPassword: false, make: cramMd5 },
  { name: 'PLAIN', tellsPassword: true, make: plain },
  { name: 'LOGIN', tellsPassword: true, make: login },
]

/**
 * Choose among what a server offers, the best first. A mechanism that tells the password goes only where nobody listens: `secret`,
 * under TLS or on this machine (RFC 4954 §4, §6).
 */
export function chooseMechanisms(offered: readonly string[], account: Login, secret: boolean): readonly SaslClient[] {
  return MECHANISMS.filter(({ name, tellsPassword }) => offered.includes(name) && (secret || !tellsPassword)).map(
    ({ make }) => make(account),
  )
}
