import type { Login } from '../../contract.ts'
import type { SaslClient } from './mechanism.ts'

/** Log in by PLAIN (RFC 4616): all in one message. */
export function plain({ user, password }: Login): SaslClient {
  const message = Buffer.from(`\0${user}\0${password}`)
  return { name: 'PLAIN', first: message, answer: () => undefined, doubt: () => undefined }
}

/** Log in by LOGIN (draft-murchison-sasl-login): the name, then the password, whatever the two challenges are called. */
export function login({ user, password }: Login): SaslClient {
  const messages = [user, password]
  return {
    name: 'LOGIN',
    answer() {
      const message = messages.shift()
      return message === undefined ? undefined : Buffer.from(message)
    },
    doubt: () => undefined,
  }
}
