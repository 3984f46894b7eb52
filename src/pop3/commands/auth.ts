import type { ExchangeStep, MechanismName } from '#auth/contract.ts'
import { askGate } from '../gate.ts'
import { finishLogin } from '../login.ts'
import type { Pop3Ports } from '../ports.ts'
import type { Reply } from '../replies.ts'
import { mayLogIn, type SaslExchange, type Session } from '../session.ts'

/**
 * Give the mechanisms offered now. LOGIN is left out: no POP3 client has only that one. So is -PLUS: clients built on GNU SASL
 * (mutt 2.2) choose it because it is offered, find that they have no binding for TLS 1.3, and try nothing else. No binding is
 * claimed in the exchange either, or a client that has one would see its absence here as an attack (RFC 5802 §6).
 */
export function mechanismsFor(session: Session, ports: Pop3Ports): readonly MechanismName[] {
  if (!mayLogIn(session)) return []
  return ports.signIn.mechanisms(undefined).filter((mechanism) => mechanism !== 'LOGIN')
}

/** Begin a SASL login (RFC 5034 §4), or list the mechanisms when none is named, as older clients ask. */
export async function auth(session: Session, args: string, ports: Pop3Ports): Promise<Reply> {
  if (!mayLogIn(session)) return 'needTls'
  const offered = mechanismsFor(session, ports)
  if (args.trim() === '')
    return { is: 'lines', text: 'Mechanisms follow', blocks: [offered.map((name) => `${name}\r\n`).join('')] }

  const [name = '', initial, ...rest] = args.trim().split(' ')
  if (rest.length > 0) return 'badArguments'
  const mechanism = offered.find((one) => one === name.toUpperCase())
  if (mechanism === undefined) return 'unknownMechanism'
  // RFC 5034 §4: a lone `=` is an initial response of no bytes.
  const response = initial === undefined ? undefined : initial === '=' ? Buffer.alloc(0) : parseBase64(initial)
  if (initial !== undefined && response === undefined) return 'badBase64'
  const exchange = ports.signIn.exchange(mechanism, undefined)
  return follow(session, { mechanism, exchange }, await exchange.start(response), ports)
}

/** Take the client's next line of a SASL exchange: base64, or `*` to give up. */
export async function authResponse(
  session: Session,
  sasl: SaslExchange,
  line: string,
  ports: Pop3Ports,
): Promise<Reply> {
  session.sasl = undefined
  if (line === '*') return 'cancelled'
  const response = parseBase64(line)
  if (response === undefined) return 'badBase64'
  if (sasl.result === undefined) return follow(session, sasl, await sasl.exchange.next(response), ports)
  return response.length === 0 ? finishLogin(session, sasl.mechanism, sasl.result, ports) : 'malformedLogin'
}

async function follow(
  session: Session,
  { mechanism, exchange }: SaslExchange,
  step: ExchangeStep,
  ports: Pop3Ports,
): Promise<Reply> {
  if (step.is === 'challenge') {
    session.sasl = { mechanism, exchange }
    return { is: 'challenge', data: step.data }
  }
  if (step.data === undefined) return finishLogin(session, mechanism, step.result, ports)
  // It proves that the password was right, so it is sent to nobody whom the gate does not let in.
  if (step.result.is === 'user') {
    const refusal = await askGate('login', session, ports, { user: step.result.user.address })
    if (refusal !== undefined) return refusal
  }
  // RFC 5034 §4: +OK carries no data, so the last message is one more challenge with an empty answer.
  session.sasl = { mechanism, exchange, result: step.result }
  return { is: 'challenge', data: step.data }
}

/** Read base64 strictly (RFC 4648 §3.3: nothing outside the alphabet); undefined for anything else. */
export function parseBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}
