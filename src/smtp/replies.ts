/**
 * Everything the SMTP server can say, one row each. The class digit of the enhanced code (RFC 3463) is computed from the
 * basic code, so the two cannot disagree. The text names no policy, file or list: the private reason goes to the record.
 */
export interface ReplyRow {
  readonly code: number
  /** Subject and detail of the enhanced code (RFC 3463 §2), without the class; absent where RFC 2034 §4 wants none. */
  readonly detail?: string
  readonly text: string
}

export const REPLIES = {
  ok: { code: 250, detail: '0.0', text: 'Ok' },
  senderOk: { code: 250, detail: '1.0', text: 'Sender ok' },
  recipientOk: { code: 250, detail: '1.5', text: 'Recipient ok' },
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
  loginRequired: { code: 530, detail: '7.0', text: 'Authentication required' },
  serviceNotForYou: { code: 554, detail: '7.1', text: 'This service is not available from your address' },
  tooManyConnections: { code: 421, detail: '3.2', text: 'Too many connections, try again later' },
  systemFull: { code: 452, detail: '3.1', text: 'Insufficient system storage, try again later' },
  fault: { code: 451, detail: '3.0', text: 'Local trouble, try again later' },
} as const satisfies Record<string, ReplyRow>

export type ReplyName = keyof typeof REPLIES
