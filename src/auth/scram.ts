import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { UserRow } from '#store/contract.ts'
import type { ChannelBindings, Exchange, ExchangeStep, SignInResult } from './contract.ts'
import { hmac, type ScramKeys, sha256 } from './scram-keys.ts'
import { type ClientFinal, type ClientFirst, parseClientFinal, parseClientFirst } from './scram-messages.ts'
import { decodeUtf8 } from './utf8.ts'

type Unavailable = Extract<SignInResult, { is: 'unavailable' }>

export interface ScramParts {
  /** Was the mechanism chosen the -PLUS one? */
  readonly plus: boolean
  /** What the channel can be bound by; present exactly when the -PLUS mechanism was offered. */
  readonly bindings: ChannelBindings | undefined
  readonly prepareName: (name: string) => string | undefined
  /** The keys of this name: made up, and no user, where there is none. */
  readonly keys: (name: string) => Promise<{ readonly user: UserRow | undefined; readonly keys: ScramKeys }>
  /** What follows once the password is proved. */
  readonly admit: (name: string, user: UserRow) => SignInResult
  /** Turn trouble of ours into an answer. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T | Unavailable>
  /** The server's half of the nonce; tests set it. */
  readonly nonce?: () => string
}

interface Challenged {
  readonly first: ClientFirst
  readonly name: string
  readonly user: UserRow | undefined
  readonly keys: ScramKeys
  readonly nonce: string
  readonly serverFirst: string
  readonly channelData: Uint8Array
}

/** Start an exchange of SCRAM-SHA-256 or SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), the server's side. */
export function scram(parts: ScramParts): Exchange {
  let challenged: Challenged | undefined

  async function takeFirst(message: Uint8Array): Promise<ExchangeStep> {
    const first = parseClientFirst(decodeUtf8(message) ?? '')
    if (typeof first === 'string') return malformed(first)
    const name = parts.prepareName(first.name)
    if (name === undefined) return malformed('SCRAM: the name is too long or holds what no name may hold')
    const channelData = bindChannel(first, parts)
    if (typeof channelData === 'string') return malformed(channelData)

    const found = await parts.guard(() => parts.keys(name))
    if ('is' in found) return { is: 'done', result: found }
    const { user, keys } = found
    const nonce = first.nonce + (parts.nonce ?? freshNonce)()
    const serverFirst = `r=${nonce},s=${base64(keys.salt)},i=${keys.iterations}`
    challenged = { first, name, user, keys, nonce, serverFirst, channelData }
    return { is: 'challenge', data: Buffer.from(serverFirst) }
  }

  return {
    start: async (initial) =>
      initial === undefined ? { is: 'challenge', data: new Uint8Array(0) } : takeFirst(initial),

    async next(message) {
      if (challenged === undefined) return takeFirst(message)
      const final = parseClientFinal(decodeUtf8(message) ?? '')
      return typeof final === 'string' ? malformed(final) : finish(challenged, final, parts.admit)
    },
  }
}

/**
 * Give the data of the channel that the client must have seen (RFC 5802 §6), none where it binds to none; a string says why the
 * exchange ends.
 */
function bindChannel({ binding }: ClientFirst, { plus, bindings }: ScramParts): Uint8Array | string {
  if (typeof binding === 'string') {
    if (plus) return 'SCRAM: the -PLUS mechanism needs a channel binding'
    // The client can bind, and was kept from hearing that so can we: somebody stands between.
    if (binding === 'y' && bindings !== undefined)
      return 'SCRAM: the offer of channel binding was hidden from the client'
    return new Uint8Array(0)
  }
  if (!plus) return 'SCRAM: channel binding belongs to the -PLUS mechanism'
  const { name } = binding
  const known = name === 'tls-exporter' || name === 'tls-server-end-point'
  const data = known ? bindings?.[name] : undefined
  return data ?? `SCRAM: no channel binding of the kind ${name} on this connection`
}

/** Check the client's proof (RFC 5802 §3), and give the server's own in return. */
function finish(challenged: Challenged, final: ClientFinal, admit: ScramParts['admit']): ExchangeStep {
  const { first, name, user, keys, nonce, serverFirst, channelData } = challenged
  if (final.nonce !== nonce) return malformed('SCRAM: the nonce is not the one of this exchange')

  const signed = `${first.bare},${serverFirst},${final.withoutProof}`
  const signature = hmac(keys.storedKey, signed)
  const clientKey = Buffer.from(signature.map((byte, index) => byte ^ (final.proof[index] as number)))
  const proved = timingSafeEqual(sha256(clientKey), keys.storedKey)

  if (user === undefined) return denied(name, 'there is no such user')
  // Only after the proof's work, so that no two failures differ in time.
  if (!final.channel.equals(Buffer.concat([Buffer.from(first.gs2Header), channelData]))) {
    return denied(name, 'the channel that the client saw is not this one: somebody may stand between')
  }
  if (!proved) return denied(name, 'wrong password')
  const result = admit(name, user)
  if (result.is !== 'user') return { is: 'done', result }
  return { is: 'done', result, data: Buffer.from(`v=${base64(hmac(keys.serverKey, signed))}`) }
}

function freshNonce(): string {
  return randomBytes(18).toString('base64')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function malformed(why: string): ExchangeStep {
  return { is: 'done', result: { is: 'malformed', why } }
}

function denied(name: string, why: string): ExchangeStep {
  return { is: 'done', result: { is: 'denied', name, why } }
}
