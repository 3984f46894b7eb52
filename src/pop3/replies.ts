/**
 * Everything the POP3 server can say, one row each. `code` is a response code of RFC 2449 §8 or RFC 3206; the text names no
 * policy, file or list: the private reason goes to the record.
 */
export interface ReplyRow {
  readonly ok: boolean
  readonly code?: 'AUTH' | 'SYS/TEMP' | 'SYS/PERM'
  readonly text: string
  /** What the session does once this is said. */
  readonly next?: 'close' | 'startTls'
  /** An error of the client's that counts towards `session.maxFailedCommands`. */
  readonly counts?: boolean
}

export const REPLIES = {
  ok: { ok: true, text: 'Ok' },
  nameTaken: { ok: true, text: 'Password, please' },
  loggedIn: { ok: true, text: 'Logged in' },
  bye: { ok: true, text: 'Bye', next: 'close' },
  startTls: { ok: true, text: 'Begin TLS', next: 'startTls' },

  unknownCommand: { ok: false, text: 'Unknown command', counts: true },
  lineTooLong: { ok: false, text: 'Line too long', counts: true },
  badLine: { ok: false, text: 'Lines end in CRLF, and hold UTF-8 without NUL or another CR', counts: true },
  badArguments: { ok: false, text: 'Wrong arguments', counts: true },
  notLoggedIn: { ok: false, text: 'Log in first', counts: true },
  alreadyLoggedIn: { ok: false, text: 'Already logged in', counts: true },
  needName: { ok: false, text: 'USER first', counts: true },
  // No response code: [AUTH] (RFC 3206 §4) would have the client ask its user for another password.
  needTls: { ok: false, text: 'Start TLS first (STLS)', counts: true },
  tlsAlready: { ok: false, text: 'TLS is active already', counts: true },
  // RFC 6856 §2.1: STLS does not follow UTF8.
  tlsAfterUtf8: { ok: false, text: 'STLS comes before UTF8', counts: true },
  tlsInjected: { ok: false, text: 'Nothing may follow STLS before TLS begins', next: 'close' },
  unknownMechanism: { ok: false, text: 'Unknown mechanism', counts: true },
  badBase64: { ok: false, text: 'Expected base64', counts: true },
  cancelled: { ok: false, text: 'Authentication cancelled', counts: true },
  malformedLogin: { ok: false, text: 'Malformed authentication message', counts: true },
  loginDenied: { ok: false, code: 'AUTH', text: 'Invalid name or password', counts: true },
  loginDeniedAtLast: { ok: false, code: 'AUTH', text: 'Invalid name or password; too many tries', next: 'close' },
  loginUnavailable: { ok: false, code: 'SYS/TEMP', text: 'Logins cannot be checked now, try again later' },
  mailboxUnavailable: { ok: false, code: 'SYS/TEMP', text: 'The mailbox cannot be opened now, try again later' },
  noSuchMessage: { ok: false, text: 'No such message' },
  messageGone: { ok: false, text: 'This message was deleted meanwhile' },
  messageUnavailable: { ok: false, code: 'SYS/TEMP', text: 'The message cannot be read now, try again later' },
  // RFC 1939 §6: what could not be removed stays; here that is all of it.
  notDeleted: {
    ok: false,
    code: 'SYS/TEMP',
    text: 'Nothing was deleted: local trouble, try again later',
    next: 'close',
  },
  tooManyErrors: { ok: false, text: 'Too many failed commands', next: 'close' },
  // No response code: that the account is stopped says nothing of the password.
  accountStopped: { ok: false, text: 'This account has been stopped, closing the connection', next: 'close' },
  addressBlocked: { ok: false, code: 'SYS/TEMP', text: 'Your address is blocked for a while', next: 'close' },
  addressRefused: { ok: false, code: 'SYS/PERM', text: 'Your address is blocked', next: 'close' },
  serviceNotForYou: {
    ok: false,
    code: 'SYS/PERM',
    text: 'This service is not available from your address',
    next: 'close',
  },
  tryLater: { ok: false, code: 'SYS/TEMP', text: 'Not now, try again later', next: 'close' },
  bug: { ok: false, code: 'SYS/TEMP', text: 'Local trouble, try again later', next: 'close' },
} as const satisfies Record<string, ReplyRow>

export type ReplyName = keyof typeof REPLIES

/** Pieces of a stored message, in order. */
export type MessagePieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A refusal, and the reference that its record is found by. */
export interface Refusal {
  readonly is: 'refusal'
  readonly reply: ReplyName
  readonly ref: string
}

/** What a command answers: a row of the table, or one of the replies that carry data. */
export type Reply =
  | ReplyName
  | Refusal
  | { readonly is: 'line'; readonly text: string }
  /** `blocks` are whole lines, each with its CRLF, none beginning with a dot; the last `.` is added when they are sent. */
  | { readonly is: 'lines'; readonly text: string; readonly blocks: Iterable<string> }
  /** A message's bytes; `bodyLines` cuts it after the header and so many lines (TOP). */
  | {
      readonly is: 'message'
      readonly text: string
      readonly sizeBytes: number
      readonly pieces: MessagePieces
      readonly bodyLines?: number
    }
  /** The server's side of a SASL exchange (RFC 5034 §4). */
  | { readonly is: 'challenge'; readonly data: Uint8Array }

/** Give the table's row of a reply. */
export function replyRow(name: ReplyName): ReplyRow {
  return REPLIES[name]
}

/** Write a reply of the table as its line; `ref` leads to the record of a refusal. */
export function formatReply(name: ReplyName, ref?: string): string {
  const { ok, code, text }: ReplyRow = REPLIES[name]
  return `${ok ? '+OK' : '-ERR'} ${code === undefined ? '' : `[${code}] `}${text}${ref === undefined ? '' : ` [ref ${ref}]`}\r\n`
}

/** Write the first line of a reply that carries data, or of one that the session words itself. */
export function formatOk(text: string): string {
  return `+OK ${text}\r\n`
}

/** Write a challenge (RFC 5034 §4). */
export function formatChallenge(data: Uint8Array): string {
  return `+ ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}\r\n`
}
