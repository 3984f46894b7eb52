import type { Exchange } from './contract.ts'
import type { CheckPassword } from './plain.ts'
import { decodeUtf8 } from './utf8.ts'

const USERNAME = new TextEncoder().encode('Username:')
const PASSWORD = new TextEncoder().encode('Password:')

/** Start an exchange of LOGIN (draft-murchison-sasl-login): the name, then the password. */
export function login(check: CheckPassword): Exchange {
  let name: string | undefined

  const exchange: Exchange = {
    // Some clients send the name along with the command.
    start: async (initial) => (initial === undefined ? { is: 'challenge', data: USERNAME } : exchange.next(initial)),

    async next(response) {
      const text = decodeUtf8(response)
      if (text === undefined || text === '' || text.includes('\0')) {
        return { is: 'done', result: { is: 'malformed', why: 'LOGIN: expected a name, then a password, in UTF-8' } }
      }
      if (name !== undefined) return { is: 'done', result: await check(name, text) }
      name = text
      return { is: 'challenge', data: PASSWORD }
    },
  }
  return exchange
}
