import type { ReplyName } from '#smtp/replies.ts'
import type { Answer } from './answer.ts'
import { auth } from './commands/auth.ts'
import { bdat } from './commands/bdat.ts'
import { data } from './commands/data.ts'
import { ehlo, helo } from './commands/hello.ts'
import { mail } from './commands/mail.ts'
import { rcpt } from './commands/rcpt.ts'
import { help, noop, quit, rset, vrfy } from './commands/small.ts'
import { starttls } from './commands/starttls.ts'
import type { Desk } from './consult.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'

type Answering = Answer | Promise<Answer>

/** What must be there before a command may run; the row's function is handed a transaction that it needs. */
export type CommandRow = {
  /** Nothing may come behind it before its reply (RFC 2920 §3.1): else the connection is closed. */
  readonly lastInGroup?: true
} & (
  | { readonly needs?: 'hello'; readonly run: (session: Session, args: string, desk: Desk) => Answering }
  | {
      readonly needs: 'transaction'
      readonly run: (session: Session, tx: Transaction, args: string, desk: Desk) => Answering
    }
)

/**
 * The language, a row a verb. Of the commands that RFC 2920 §3.1 wants last in their group, those are enforced whose reply changes
 * what the following octets mean: reading on would let one who can put octets into a stream say things in another's name. To
 * answer NOOP, VRFY, EXPN and QUIT in the middle of a group harms nobody.
 */
export const COMMANDS: ReadonlyMap<string, CommandRow> = new Map<string, CommandRow>([
  ['HELO', { lastInGroup: true, run: helo }],
  ['EHLO', { lastInGroup: true, run: ehlo }],
  ['STARTTLS', { lastInGroup: true, needs: 'hello', run: starttls }],
  ['AUTH', { lastInGroup: true, needs: 'hello', run: auth }],
  ['MAIL', { needs: 'hello', run: mail }],
  ['RCPT', { needs: 'transaction', run: rcpt }],
  ['DATA', { lastInGroup: true, needs: 'transaction', run: data }],
  // It checks its place itself: its octets have to be read in any case.
  ['BDAT', { run: bdat }],
  ['RSET', { run: rset }],
  ['NOOP', { run: noop }],
  ['QUIT', { run: quit }],
  ['VRFY', { run: vrfy }],
  ['HELP', { run: help }],
  // RFC 5321 §7.3: a list's members are nobody's business; the others are history (RFC 5321 §3.3 and appendix F) or not for us.
  ...['EXPN', 'SEND', 'SOML', 'SAML', 'TURN', 'ETRN', 'ATRN'].map(unimplemented),
])

/** Verbs of HTTP, which a page in somebody's browser can be made to send to a mail server. */
const FOREIGN = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE)$/

/** Give the answer to a verb that no row has. */
export function answerUnknown(verb: string): ReplyName {
  return FOREIGN.test(verb) ? 'notSmtp' : 'unknownCommand'
}

function unimplemented(verb: string): [string, CommandRow] {
  return [verb, { run: () => 'notImplemented' }]
}
