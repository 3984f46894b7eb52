import type { Exchange, ExchangeStep, SignInResult } from './contract.ts'
import { decodeUtf8 } from './utf8.ts'

/** Checks a name and a password. */
export type CheckPassword = (name: string, password: string) => Promise<SignInResult>

/** Start an exchange of PLAIN (RFC 4616): one message, `[authzid] NUL authcid NUL passwd`. */
export function plain(check: CheckPassword): Exchange {
  async function next(response: Uint8Array): Promise<ExchangeStep> {
    const parsed = parsePlain(response)
    if (typeof parsed === 'string') return { is: 'done', result: { is: 'malformed', why: parsed } }
    return { is: 'done', result: await check(parsed.name, parsed.password) }
  }
  return {
    // RFC 4954 §4: a mechanism whose client speaks first gets an empty challenge.
    start: async (initial) => (initial === undefined ? { is: 'challenge', data: new Uint8Array(0) } : next(initial)),
    next,
  }
}

/** Read PLAIN's message; a string says what is wrong with it. */
export function parsePlain(message: Uint8Array): { readonly name: string; readonly password: string } | string {
  const text = decodeUtf8(message)
  if (text === undefined) return 'PLAIN: the message is not UTF-8'
  const parts = text.split('\0', 4)
  const [authzid, name, password] = parts
  if (parts.length !== 3 || name === undefined || password === undefined) {
    return 'PLAIN: expected a name and a password, each after a NUL (RFC 4616 §2)'
  }
  if (name === '' || password === '') return 'PLAIN: the name or the password is empty'
  // RFC 4616 §2: acting for another is not offered.
  if (authzid !== '' && authzid !== name) return 'PLAIN: the identity to act as is not the one that logs in'
  return { name, password }
}
