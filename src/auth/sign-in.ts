import { createHmac } from 'node:crypto'
import { type Clock, systemClock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import type { Directory } from '#directory/contract.ts'
import { loginAddress } from '#directory/directory.ts'
import { settle } from '#directory/settle.ts'
import type { Credentials, DirectoryStore, UserRow } from '#store/contract.ts'
import { type ChannelBindings, MECHANISMS, type SignIn, type SignInResult } from './contract.ts'
import { MAX_SECRET_OCTETS, preparePassword } from './credentials.ts'
import { createHashingQueue, type HashingQueue } from './hashing-queue.ts'
import { login } from './login.ts'
import { NOBODYS_HASH, verifyPassword } from './password-hash.ts'
import { plain } from './plain.ts'
import { saslprep } from './saslprep.ts'
import { scram } from './scram.ts'
import { nobodysKeys } from './scram-nobody.ts'
import { VerifiedPasswords } from './verified-passwords.ts'

export interface SignInParts {
  readonly directory: Pick<Directory, 'findLogin'>
  readonly store: Pick<DirectoryStore, 'credentials' | 'domain' | 'domains'>
  /** A secret of this server that outlives restarts: makes the salts shown for users that do not exist. */
  readonly secret: Uint8Array
  readonly clock?: Clock
  readonly hashing?: HashingQueue
}

/** Hashes at once and waiting, of one session thread: the rest hear "try again" instead of taking memory. */
const RUNNING = 2
const WAITING = 64

/** Enough that no two guesses of one client are taken for the same. */
const GUESS_OCTETS = 8

/** What a mechanism asks about a name. */
export interface Known {
  readonly user: UserRow | undefined
  readonly credentials: Credentials | undefined
}

/** Open signing in. Each call of it is of the directory as it stands; a right password is remembered for some minutes. */
export function openSignIn({ directory, store, secret, clock = systemClock, hashing }: SignInParts): SignIn {
  const queue = hashing ?? createHashingQueue({ running: RUNNING, waiting: WAITING })
  const verified = new VerifiedPasswords()

  /** A keyed digest: the same in every thread, and of no use to who has not the key. */
  function guessOf(name: string, password: string): string {
    const digest = createHmac('sha256', secret).update('guess\0').update(name).update('\0').update(password).digest()
    return digest.toString('base64url', 0, GUESS_OCTETS)
  }

  async function look(name: string): Promise<Known> {
    const user = await directory.findLogin(name)
    return { user, credentials: user && (await store.credentials(user.id)) }
  }

  async function check(name: string, password: string): Promise<SignInResult> {
    const { user, credentials } = await look(name)
    // Nobody's password is checked just the same, so that the time taken tells nothing.
    const hash = credentials?.argon2id ?? NOBODYS_HASH
    let matches = user !== undefined && verified.has(user.id, password, hash, clock.nowMs())
    if (!matches) {
      const hashed = queue.run(() => verifyPassword(password, hash))
      if (hashed === undefined) return { is: 'unavailable', why: 'too many passwords are being checked already' }
      matches = await hashed
      if (matches && user !== undefined) verified.add(user.id, password, hash, clock.nowMs())
    }
    const guess = guessOf(name, password)
    if (user === undefined) return { is: 'denied', name, why: 'there is no such user', guess }
    if (credentials === undefined) return { is: 'denied', name, why: 'the user has no password', guess }
    if (!matches) return { is: 'denied', name, why: 'wrong password', guess }
    const admitted = admit(name, user)
    return admitted.is === 'denied' ? { ...admitted, guess } : admitted
  }

  async function password(given: string, secretGiven: string): Promise<SignInResult> {
    const name = prepareName(given)
    if (name === undefined)
      return { is: 'malformed', why: 'the name is empty, too long or holds what no name may hold' }
    const prepared = preparePassword(secretGiven)
    if (prepared === undefined) {
      const why = 'the password is empty, too long or holds what no password may hold'
      return { is: 'denied', name, why, guess: guessOf(name, secretGiven) }
    }
    return untilFault(() => check(name, prepared))
  }

  return {
    password,

    mechanisms: (bindings) =>
      hasBinding(bindings) ? MECHANISMS : MECHANISMS.filter((name) => !name.endsWith('-PLUS')),

    exchange(mechanism, bindings) {
      switch (mechanism) {
        case 'PLAIN':
          return plain(password)
        case 'LOGIN':
          return login(password)
        case 'SCRAM-SHA-256':
        case 'SCRAM-SHA-256-PLUS':
          return scram({
            plus: mechanism === 'SCRAM-SHA-256-PLUS',
            bindings: hasBinding(bindings) ? bindings : undefined,
            prepareName,
            admit,
            guard: untilFault,
            async keys(name) {
              const { user, credentials } = await look(name)
              const address = (await settle(loginAddress(store, name))) ?? name
              return { user, keys: credentials?.scram ?? nobodysKeys(secret, address) }
            },
          })
      }
    },
  }
}

/** Let a user in who has proved the password, unless disabled: only then, so that nobody else learns of it. */
function admit(name: string, user: UserRow): SignInResult {
  return user.disabled ? { is: 'denied', name, why: 'the user is disabled' } : { is: 'user', user }
}

/** Give a name the form it is looked up by (RFC 4013); undefined when it can be nobody's. */
function prepareName(name: string): string | undefined {
  if (name.length > MAX_SECRET_OCTETS || Buffer.byteLength(name) > MAX_SECRET_OCTETS) return undefined
  return saslprep(name) || undefined
}

function hasBinding(bindings: ChannelBindings | undefined): bindings is ChannelBindings {
  return bindings?.['tls-exporter'] !== undefined || bindings?.['tls-server-end-point'] !== undefined
}

/** Trouble of ours says nothing about the client: it is to try again. */
async function untilFault<T>(work: () => Promise<T>): Promise<T | Extract<SignInResult, { is: 'unavailable' }>> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fault) return { is: 'unavailable', why: error.message }
    throw error
  }
}
