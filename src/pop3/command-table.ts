import { auth, authResponse } from './commands/auth.ts'
import { capa } from './commands/capa.ts'
import { dele } from './commands/dele.ts'
import { list } from './commands/list.ts'
import { noop } from './commands/noop.ts'
import { pass } from './commands/pass.ts'
import { quit } from './commands/quit.ts'
import { retr } from './commands/retr.ts'
import { rset } from './commands/rset.ts'
import { stat } from './commands/stat.ts'
import { stls } from './commands/stls.ts'
import { top } from './commands/top.ts'
import { uidl } from './commands/uidl.ts'
import { user } from './commands/user.ts'
import { utf8 } from './commands/utf8.ts'
import type { Maildrop } from './maildrop.ts'
import type { Pop3Ports } from './ports.ts'
import type { Reply } from './replies.ts'
import type { Session } from './session.ts'

type Answer = Reply | Promise<Reply>

/** When a command may be given, whether it takes arguments, and what it does. */
export type CommandRow = { readonly args: 'none' | 'given' } & (
  | {
      readonly in: 'authorization' | 'any'
      readonly run: (session: Session, args: string, ports: Pop3Ports) => Answer
    }
  | {
      readonly in: 'transaction'
      readonly run: (drop: Maildrop, args: string, ports: Pop3Ports, session: Session) => Answer
    }
)

/** The states are those of RFC 1939 §3; QUIT alone enters UPDATE, and the session ends there. APOP is left out (docs/pop3.md). */
export const COMMANDS = {
  USER: { in: 'authorization', args: 'given', run: user },
  PASS: { in: 'authorization', args: 'given', run: pass },
  AUTH: { in: 'authorization', args: 'given', run: auth },
  STLS: { in: 'authorization', args: 'none', run: stls },
  UTF8: { in: 'authorization', args: 'none', run: utf8 },
  CAPA: { in: 'any', args: 'none', run: capa },
  STAT: { in: 'transaction', args: 'none', run: stat },
  LIST: { in: 'transaction', args: 'given', run: list },
  RETR: { in: 'transaction', args: 'given', run: retr },
  TOP: { in: 'transaction', args: 'given', run: top },
  DELE: { in: 'transaction', args: 'given', run: dele },
  NOOP: { in: 'transaction', args: 'none', run: noop },
  RSET: { in: 'transaction', args: 'none', run: rset },
  UIDL: { in: 'transaction', args: 'given', run: uidl },
  QUIT: { in: 'any', args: 'none', run: quit },
} as const satisfies Readonly<Record<string, CommandRow>>

// A map: a client's word is data, and `__proto__` no command.
const BY_VERB: ReadonlyMap<string, CommandRow> = new Map(Object.entries(COMMANDS))

/** Do what one line says. The table checks the order; the command checks its arguments. */
export function obey(session: Session, line: string, ports: Pop3Ports): Answer {
  if (session.sasl !== undefined) return authResponse(session, session.sasl, line, ports)

  const space = line.indexOf(' ')
  const verb = space === -1 ? line : line.slice(0, space)
  const args = space === -1 ? '' : line.slice(space + 1)
  const row = BY_VERB.get(verb) ?? BY_VERB.get(verb.toUpperCase())
  if (row === undefined) return 'unknownCommand'
  if (row.args === 'none' && args.trim() !== '') return 'badArguments'
  if (row.in === 'transaction') {
    if (session.maildrop === undefined) return 'notLoggedIn'
    return row.run(session.maildrop, args.trim(), ports, session)
  }
  if (row.in === 'authorization' && session.maildrop !== undefined) return 'alreadyLoggedIn'
  // Untrimmed: spaces belong to a password.
  return row.run(session, args, ports)
}
