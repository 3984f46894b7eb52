/**
 * Everything the SMTP server can say, one row each. The class digit of the enhanced code (RFC 3463) is computed from the
 * basic code, so the two cannot disagree. The text names no policy, file or list: the private reason goes to the record.
 */
export interface ReplyRow {
  readonly code: number
  /** Subject and detail of the enhanced code (RFC 3463 §2), without the class; absent where RFC 2034 §4 wants none. */
  readonly detail?: string
  readonly text: string
  /** The session ends with this reply, whatever its code. */
  readonly closes?: true
}

export const REPLIES = {
  // ---- it went well
  ok: { code: 250, detail: '0.0', text: 'Ok' },
  senderOk: { code: 250, detail: '1.0', text: 'Sender ok' },
  recipientOk: { code: 250, detail: '1.5', text: 'Recipient ok' },
  chunkOk: { code: 250, detail: '0.0', text: 'Chunk ok' },
  // RFC 5321 §3.5.3: says that the address was not looked at, to everyone alike.
  notVerified: { code: 252, detail: '5.0', text: 'Not looked up here; send the message, and it will be tried' },
  help: {
    code: 214,
    detail: '0.0',
    text: 'Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT STARTTLS AUTH; RFC 5321 has them all',
  },
  startTls: { code: 220, detail: '0.0', text: 'Ready to start TLS' },
  bye: { code: 221, detail: '0.0', text: 'Goodbye' },
  loggedIn: { code: 235, detail: '7.0', text: 'Authentication succeeded' },
  startData: { code: 354, text: 'Send the message, end it with a line that holds a dot alone' },

  // ---- what the client wrote is not in the language
  badLine: {
    code: 500,
    detail: '5.2',
    text: 'Lines end in CRLF and hold no other CR, LF or NUL; closing the connection',
    closes: true,
  },
  badCharacters: { code: 500, detail: '5.2', text: 'The line is not UTF-8' },
  // RFC 5321 §4.5.3.1.9
  lineTooLong: { code: 500, detail: '5.2', text: 'Line too long' },
  unknownCommand: { code: 500, detail: '5.1', text: 'Command not recognized' },
  notSmtp: { code: 500, detail: '5.1', text: 'This is a mail server; closing the connection', closes: true },
  notImplemented: { code: 502, detail: '5.1', text: 'Command not implemented' },
  badArguments: { code: 501, detail: '5.4', text: 'Something is wrong with what follows the command' },
  badSender: { code: 501, detail: '1.7', text: 'Expected MAIL FROM:<address> or MAIL FROM:<>' },
  badRecipient: { code: 501, detail: '1.3', text: 'Expected RCPT TO:<address>' },
  badParameter: { code: 501, detail: '5.4', text: 'A parameter is malformed or given twice' },
  // RFC 5321 §4.1.1.11
  unknownParameter: { code: 555, detail: '5.4', text: 'A parameter is not recognized' },
  // RFC 6531 §3.5
  needSmtputf8: { code: 553, detail: '6.7', text: 'An address beyond ASCII needs SMTPUTF8' },
  // RFC 3030 §2: what follows a BDAT whose size is unknown cannot be told from commands.
  badChunkSize: {
    code: 501,
    detail: '5.4',
    text: 'Expected BDAT SIZE or BDAT SIZE LAST; closing the connection',
    closes: true,
  },

  // ---- a command that has no place here
  needHello: { code: 503, detail: '5.1', text: 'Say EHLO or HELO first' },
  needMail: { code: 503, detail: '5.1', text: 'Say MAIL first' },
  nestedMail: { code: 503, detail: '5.1', text: 'A sender is already given' },
  // RFC 5321 §3.3
  noRecipients: { code: 554, detail: '5.1', text: 'No valid recipients' },
  messageBegun: { code: 503, detail: '5.1', text: 'The message has begun with BDAT' },
  tlsAlready: { code: 503, detail: '5.1', text: 'TLS is already in use' },
  loginAlready: { code: 503, detail: '5.1', text: 'Already authenticated' },
  loginInTransaction: { code: 503, detail: '5.1', text: 'Not while a message is being sent' },
  talkedTooEarly: {
    code: 503,
    detail: '5.0',
    text: 'Wait for the reply to this command; closing the connection',
    closes: true,
  },
  talkedBeforeGreeting: {
    code: 554,
    detail: '5.0',
    text: 'You talked before the greeting; closing the connection',
    closes: true,
  },
  talkedBeforeGreetingDeferred: {
    code: 421,
    detail: '5.0',
    text: 'You talked before the greeting; closing the connection',
  },

  // ---- signing in (RFC 4954 §6)
  loginMalformed: { code: 501, detail: '5.2', text: 'Cannot decode the response' },
  loginCancelled: { code: 501, detail: '7.0', text: 'Authentication cancelled' },
  loginLineTooLong: { code: 500, detail: '5.6', text: 'Authentication line too long' },
  mechanismUnknown: { code: 504, detail: '5.4', text: 'Authentication mechanism not offered' },
  loginNeedsTls: { code: 538, detail: '7.11', text: 'Authentication needs TLS: say STARTTLS first' },
  loginFailed: { code: 535, detail: '7.8', text: 'Authentication failed: wrong name or password' },
  loginUnavailable: { code: 454, detail: '7.0', text: 'Authentication is not available now, try again later' },
  loginRequired: { code: 530, detail: '7.0', text: 'Authentication required' },

  // ---- refused by a rule
  // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest again.
  tooManyRecipients: { code: 452, detail: '5.3', text: 'Too many recipients, send the rest in another message' },
  relayDenied: { code: 550, detail: '7.1', text: 'Relaying to other domains is not allowed from your address' },
  relayNeedsLogin: { code: 550, detail: '7.1', text: 'Relaying to other domains is not allowed after a failed login' },
  unknownRecipient: { code: 550, detail: '1.1', text: 'No such recipient here' },
  recipientDisabled: { code: 550, detail: '2.1', text: 'This mailbox is disabled' },
  recipientLoop: { code: 550, detail: '4.6', text: 'This address leads back to itself' },
  recipientLocalOnly: { code: 550, detail: '7.1', text: 'This user may send to local domains only' },
  recipientUnavailable: { code: 451, detail: '3.0', text: 'Recipients cannot be looked up now, try again later' },
  mailboxFull: { code: 452, detail: '2.2', text: 'The mailbox of this recipient is full' },
  messageTooBig: { code: 552, detail: '3.4', text: 'Message too big' },
  messageTooBigDeferred: { code: 452, detail: '3.4', text: 'Message too big for now' },
  tooManyHops: { code: 554, detail: '4.6', text: 'Too many hops, this message goes round in a circle' },
  tooManyHopsDeferred: { code: 451, detail: '4.6', text: 'Too many hops' },
  tooManyErrors: { code: 421, detail: '7.0', text: 'Too many failed commands, closing the connection' },
  serviceNotForYou: { code: 554, detail: '7.1', text: 'This service is not available from your address' },
  tooManyConnections: { code: 421, detail: '3.2', text: 'Too many connections, try again later' },

  // ---- refused by a limit: deferred unless the administrator wants otherwise, so that nobody's mail is lost
  addressBlocked: { code: 421, detail: '7.1', text: 'Your address is blocked for a while, closing the connection' },
  addressRefused: { code: 554, detail: '7.1', text: 'Your address is blocked, closing the connection', closes: true },
  tooManyFromYou: { code: 421, detail: '7.0', text: 'Too many connections from your address, try again later' },
  tooManyFromYouRefused: {
    code: 554,
    detail: '7.0',
    text: 'Too many connections from your address, closing the connection',
    closes: true,
  },
  tooManyMessages: { code: 450, detail: '7.0', text: 'Too many messages from your address, try again later' },
  tooManyMessagesRefused: { code: 550, detail: '7.0', text: 'Too many messages from your address' },
  tooManyRecipientsRefused: { code: 550, detail: '5.3', text: 'Too many recipients' },
  accountFrozen: {
    code: 450,
    detail: '7.0',
    text: 'Sending from this account has been stopped; ask its administrator',
  },
  accountTooMuch: { code: 450, detail: '7.0', text: 'This account has sent too much, try again later' },
  accountTooMuchRefused: { code: 550, detail: '7.0', text: 'This account has sent too much' },
  accountTooManyNetworks: {
    code: 454,
    detail: '7.0',
    text: 'This account has been used from too many networks, try again later',
  },
  accountTooManyNetworksRefused: {
    code: 535,
    detail: '7.0',
    text: 'This account has been used from too many networks',
  },

  // ---- refused for what DNS says of the client and the sender, or for who the sender claims to be
  // RFC 7372 §3.2: X.7.25, reverse DNS validation failed
  noReverseName: {
    code: 554,
    detail: '7.25',
    text: 'Your address has no name in DNS, closing the connection',
    closes: true,
  },
  noReverseNameDeferred: {
    code: 421,
    detail: '7.25',
    text: 'Your address has no name in DNS, closing the connection, try again later',
  },
  reverseNameUnavailable: {
    code: 421,
    detail: '4.3',
    text: 'DNS cannot be asked now, closing the connection, try again later',
  },
  // RFC 3463 §3.2: X.1.8, bad sender's system address
  noSenderDomain: { code: 550, detail: '1.8', text: 'The domain of the sender is not found in DNS' },
  noSenderDomainDeferred: { code: 450, detail: '1.8', text: 'The domain of the sender is not found in DNS' },
  // RFC 3463 §3.5: X.4.3, directory server failure
  senderDomainUnavailable: { code: 451, detail: '4.3', text: 'The domain of the sender cannot be looked up now' },
  senderUnavailable: { code: 451, detail: '3.0', text: 'Senders cannot be looked up now, try again later' },
  localSenderNeedsLogin: { code: 550, detail: '7.1', text: 'Log in to send from an address of this server' },
  localSenderNeedsLoginDeferred: { code: 450, detail: '7.1', text: 'Log in to send from an address of this server' },
  senderNotYours: { code: 550, detail: '7.1', text: 'The sender is not an address of the user who logged in' },
  senderNotYoursDeferred: { code: 450, detail: '7.1', text: 'The sender is not an address of the user who logged in' },

  // ---- refused by the language: the message's octets (RFC 5321 §2.3.8)
  bareLineEnd: { code: 554, detail: '6.0', text: 'The message holds a CR or LF that is no CRLF; lines end in CRLF' },
  nulInMessage: { code: 554, detail: '6.0', text: 'The message holds a NUL' },

  // ---- trouble of ours
  systemFull: { code: 452, detail: '3.1', text: 'Insufficient system storage, try again later' },
  fault: { code: 451, detail: '3.0', text: 'Local trouble, try again later' },
  bug: { code: 421, detail: '3.0', text: 'Local trouble, closing the connection, try again later' },
  timeout: { code: 421, detail: '4.2', text: 'Nothing came for too long, closing the connection' },
  accountStopped: {
    code: 421,
    detail: '7.0',
    text: 'The account of this session has been stopped, closing the connection',
  },
  shuttingDown: { code: 421, detail: '3.2', text: 'The server is shutting down, try again later' },
} as const satisfies Record<string, ReplyRow>

export type ReplyName = keyof typeof REPLIES

/** RFC 5321 §4.5.3.1.5, CRLF included. */
const REPLY_LINE_OCTETS = 512

const LINES = Object.fromEntries(
  Object.entries(REPLIES).map(([name, row]: [string, ReplyRow]) => [name, formatRow(row, row.text)]),
) as Readonly<Record<ReplyName, string>>

/** Write a reply as its line without CRLF; a refusal ends in the reference of its record. */
export function formatReply(name: ReplyName, ref?: string): string {
  return ref === undefined ? LINES[name] : `${LINES[name]} [ref ${ref}]`
}

/** Write the greeting (RFC 5321 §4.2); it bears no enhanced code (RFC 2034 §4), and no program's name. */
export function formatGreeting(hostname: string): string {
  return `220 ${hostname} ESMTP`
}

/** Write the reply to HELO (RFC 5321 §4.1.1.1). */
export function formatHelo(hostname: string): string {
  return `250 ${hostname}`
}

/** Write the reply to EHLO: the name, then an extension a line (RFC 5321 §4.1.1.1), CRLF between the lines. */
export function formatEhlo(hostname: string, extensions: readonly string[]): string {
  const lines = [hostname, ...extensions]
  return lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n')
}

/** Write a challenge of AUTH (RFC 4954 §4). */
export function formatChallenge(data: Uint8Array): string {
  return `334 ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`
}

/** Write the reply to a message that is on disk. */
export function formatKept(ref: string): string {
  return formatRow(REPLIES.ok, `Ok: kept as ${ref}`)
}

/** Tell whether this reply ends the session: 221 and 421 do (RFC 5321 §3.8), and those that say so. */
export function closesSession(name: ReplyName): boolean {
  const { code, closes }: ReplyRow = REPLIES[name]
  return code === 221 || code === 421 || closes === true
}

/** Tell whether this reply means that the client did something it must not do again: 5xx. */
export function isFailure(name: ReplyName): boolean {
  return REPLIES[name].code >= 500
}

/** Tell whether a refusal may be tried again: 4xx. */
export function isDeferral(name: ReplyName): boolean {
  return REPLIES[name].code >= 400 && REPLIES[name].code < 500
}

function formatRow({ code, detail }: ReplyRow, text: string): string {
  const line = detail === undefined ? `${code} ${text}` : `${code} ${Math.floor(code / 100)}.${detail} ${text}`
  if (line.length + 2 > REPLY_LINE_OCTETS)
    throw new RangeError(`Cannot write the reply "${line}": expected 510 octets at most`)
  return line
}
