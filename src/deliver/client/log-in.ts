import type { Hop, Trouble } from '#queue/contract.ts'
import type { Capabilities } from '#smtp/capabilities.ts'
import type { Reply } from '#smtp/reply-reader.ts'
import type { Login } from '../contract.ts'
import { chooseMechanisms, type SaslClient } from './sasl/mechanism.ts'
import { isPositive, lostAt, refusedBy, troubleAt } from './trouble.ts'
import { isLost, type Lost, type Wire } from './wire.ts'

/** RFC 4954 says nothing; as long as RFC 5321 §4.5.3.2 gives MAIL. */
const AUTH_MS = 300_000
/** More rounds than any mechanism has: a server that goes on asking only keeps us busy. */
const MOST_ROUNDS = 5
/** RFC 5321 §4.5.3.1.4: a longer first message waits until it is asked for (RFC 4954 §4). */
const COMMAND_OCTETS = 510
/** So much of what we sent in an answer is no chance. */
const ECHO_CHARACTERS = 8

/**
 * Log in (RFC 4954 §4) by the best mechanism that both sides have. Trouble with an account is ours, not the message's: it is deferred,
 * so that no mail comes back because a password has changed. No answer and no error holds the password.
 */
export async function logIn(
  wire: Wire,
  setup: { readonly login: Login; readonly can: Capabilities; readonly hop: Hop; readonly secret: boolean },
): Promise<Trouble | undefined> {
  const { can, hop, login, secret } = setup
  const place = { hop, stage: 'login', scope: 'server' } as const
  const clients = chooseMechanisms(can.mechanisms, login, secret)
  let refusal: Trouble | undefined
  for (const client of clients) {
    const command = `AUTH ${client.name} as ${JSON.stringify(login.user)}`
    const answer = await exchange(wire, client, login.password)
    if (typeof answer === 'string')
      return troubleAt('4.7.0', `${hop.host} failed to log us in by ${client.name}: ${answer}`, place)
    if (isLost(answer)) return lostAt(answer, `during ${command}`, place)
    if (isPositive(answer)) return undefined
    refusal = refusedBy(answer, command, place, 'deferred')
    // RFC 4954 §6: 504 and 534 are about the mechanism; all else is about the account, and trying again may lock it.
    if (answer.code !== 504 && answer.code !== 534) return refusal
  }
  if (refusal !== undefined) return refusal
  const offered = can.mechanisms.length === 0 ? 'no login' : `logins by ${can.mechanisms.join(', ')} alone`
  const without = secret ? '' : ' without TLS'
  return troubleAt(
    '4.7.0',
    `${hop.host} offers ${offered}${without}: we cannot log in as ${JSON.stringify(login.user)}`,
    place,
  )
}

/** Give the last reply; a text says why a success is none. */
async function exchange(wire: Wire, client: SaslClient, password: string): Promise<Reply | Lost | string> {
  const sent = [password]
  let message = client.first
  // RFC 4954 §4: an empty first message is written `=`.
  const initial = message === undefined ? '' : encode(message) || '='
  const command = `AUTH ${client.name} ${initial}`.trimEnd()
  if (command.length <= COMMAND_OCTETS) {
    wire.write(`${command}\r\n`)
    sent.push(initial)
    message = undefined
  } else wire.write(`AUTH ${client.name}\r\n`)
  for (let round = 0; ; round++) {
    const reply = await wire.reply(AUTH_MS)
    if (isLost(reply)) return reply
    if (reply.code !== 334) return isPositive(reply) ? (client.doubt() ?? reply) : withoutEcho(reply, sent)
    const challenge = Buffer.from(wire.lines[0] ?? '', 'base64')
    const response = round === MOST_ROUNDS ? undefined : (message ?? (await client.answer(challenge)))
    message = undefined
    if (response === undefined) {
      // RFC 4954 §4: the client gives up. What the server says to that adds nothing.
      wire.write('*\r\n')
      return 'its challenge is none of this mechanism, or asks too much'
    }
    sent.push(encode(response))
    wire.write(`${encode(response)}\r\n`)
  }
}

/** Servers that know no AUTH repeat what they were sent: the answer is kept, and a password must not be. */
function withoutEcho(reply: Reply, sent: readonly string[]): Reply {
  const echoes = sent.some((message) => message !== '' && reply.text.includes(message.slice(0, ECHO_CHARACTERS)))
  return echoes ? { ...reply, text: 'what we sent' } : reply
}

function encode(message: Uint8Array): string {
  return Buffer.from(message).toString('base64')
}
