import { createHmac } from 'node:crypto'
import type { Login } from '../../contract.ts'
import type { SaslClient } from './mechanism.ts'

/** Log in by CRAM-MD5 (RFC 2195 §2): the challenge, keyed with the password. */
export function cramMd5({ user, password }: Login): SaslClient {
  let answered = false
  return {
    name: 'CRAM-MD5',
    answer(challenge) {
      if (answered) return undefined
      answered = true
      return Buffer.from(`${user} ${createHmac('md5', password).update(challenge).digest('hex')}`)
    },
    doubt: () => undefined,
  }
}
