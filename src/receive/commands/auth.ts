import { type ExchangeStep, MECHANISMS, type MechanismName, type SignInResult } from '#auth/contract.ts'
import { formatChallenge } from '#smtp/replies.ts'
import type { Answer } from '../answer.ts'
import { consult, type Desk } from '../consult.ts'
import type { Session } from '../session.ts'

/** RFC 4954 §4: what a line of the exchange may have, CRLF included. */
const AUTH_LINE_OCTETS = 12_288
/** No mechanism here takes more rounds; a client that goes on is not signing in. */
const MOST_ROUNDS = 10
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Sign a user in (RFC 4954 §4). */
export async function auth(session: Session, args: string, desk: Desk): Promise<Answer> {
  if (session.user !== undefined) return 'loginAlready'
  if (session.transaction !== undefined) return 'loginInTransaction'
  const settings = desk.settings()
  if (!settings.services[session.service].auth) return 'notImplemented'
  if (!session.mayLogIn(settings)) return 'loginNeedsTls'
  const [word = '', initial, ...more] = args.split(/ +/)
  if (word === '' || more.length > 0) return 'badArguments'
  const bindings = session.channelBindings(desk)
  const mechanism = MECHANISMS.find((name) => name === word.toUpperCase())
  if (mechanism === undefined || !desk.signIn.mechanisms(bindings).includes(mechanism)) return 'mechanismUnknown'
  // RFC 4954 §4: "=" is an initial response of no octets.
  const response = initial === undefined ? undefined : initial === '=' ? new Uint8Array(0) : decode(initial)
  if (initial !== undefined && response === undefined) return 'loginMalformed'

  const exchange = desk.signIn.exchange(mechanism, bindings)
  let step = await exchange.start(response)
  for (let round = 0; step.is === 'challenge'; round++) {
    const answer = round < MOST_ROUNDS ? await ask(session, step.data) : 'loginMalformed'
    if (typeof answer === 'string') return answer
    step = await exchange.next(answer)
  }
  return settle(session, mechanism, step, desk)
}

/** Send a challenge and take the response; a reply when the client cancels or does not follow the grammar. */
async function ask({ wire }: Session, challenge: Uint8Array): Promise<Uint8Array | Exclude<Answer, object>> {
  wire.say(formatChallenge(challenge))
  const line = await wire.line(AUTH_LINE_OCTETS)
  if (typeof line !== 'string') {
    if (line.fault === 'tooLong') return 'loginLineTooLong'
    return line.fault === 'notUtf8' ? 'loginMalformed' : 'badLine'
  }
  if (line === '*') return 'loginCancelled'
  return decode(line) ?? 'loginMalformed'
}

async function settle(
  session: Session,
  mechanism: MechanismName,
  step: Extract<ExchangeStep, { is: 'done' }>,
  desk: Desk,
): Promise<Answer> {
  const { result, data } = step
  if (result.is !== 'user') return deny(session, mechanism, result, desk)
  const { address, id } = result.user
  const { service, ip, tls } = session
  const subject = { ...session.subject(), user: address, loginFailed: false }
  const { refusal, findings } = await consult('login', subject, session, desk)
  if (refusal !== undefined) {
    session.loginFailed = true
    return refusal
  }
  if (data !== undefined) {
    // RFC 4954 §4: the server's last message goes as a challenge, which the client answers with nothing. It proves that the password
    // was right, so it is sent to nobody whom the gate does not let in.
    const answer = await ask(session, data)
    if (typeof answer === 'string' || answer.length > 0) {
      const why = 'the password was right, and the client did not finish'
      desk.events.loginFailed({ service, ip, name: address, mechanism, why })
      return typeof answer === 'string' ? answer : 'loginMalformed'
    }
  }
  session.user = address
  session.userId = id
  session.loginFailed = false
  session.helloFindings = [...session.helloFindings, ...findings]
  desk.events.loginSucceeded({ service, ip, user: address, mechanism, tls })
  return 'loggedIn'
}

async function deny(
  session: Session,
  mechanism: MechanismName,
  result: Exclude<SignInResult, { is: 'user' }>,
  desk: Desk,
): Promise<Answer> {
  const { service, ip } = session
  const name = result.is === 'denied' ? result.name : ''
  desk.events.loginFailed({ service, ip, name, mechanism, why: result.why })
  if (result.is === 'unavailable') return 'loginUnavailable'
  // From here on the client's address gives it no rights: see the rule `relay`.
  session.loginFailed = true
  if (result.is === 'malformed') return 'loginMalformed'
  const { why, guess } = result
  const deniedLogin = { name, why, ...(guess === undefined ? {} : { guess }) }
  const { refusal } = await consult('login', { ...session.subject(), deniedLogin }, session, desk)
  return refusal ?? 'loginFailed'
}

/** Decode base64, strictly: a decoder that skips what it does not know reads two things in one line. */
function decode(text: string): Uint8Array | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
}
