import type { Pop3Ports } from '../ports.ts'
import type { Reply } from '../replies.ts'
import { mayLogIn, type Session } from '../session.ts'
import { mechanismsFor } from './auth.ts'

/** List what may be used now (RFC 2449 §5): before TLS there is no way to log in to tell of. */
export function capa(session: Session, _args: string, ports: Pop3Ports): Reply {
  const before = session.maildrop === undefined
  const mechanisms = mechanismsFor(session, ports)
  const capabilities = [
    'TOP',
    'UIDL',
    'RESP-CODES', // RFC 2449 §6.4
    'AUTH-RESP-CODE', // RFC 3206 §6
    'PIPELINING', // RFC 2449 §6.6
    'EXPIRE NEVER', // RFC 2449 §6.7
    'UTF8 USER', // RFC 6856 §2
    ...(before && mayLogIn(session) ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(' ')}`] : []), // RFC 2449 §6.3: in both states alike
    ...(before && !session.tls ? ['STLS'] : []), // RFC 2595 §4
    'IMPLEMENTATION Postern',
  ]
  return { is: 'lines', text: 'Capabilities follow', blocks: [capabilities.map((name) => `${name}\r\n`).join('')] }
}
