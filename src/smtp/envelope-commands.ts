import { isAscii } from '#base/ascii.ts'
import type { Capabilities } from './capabilities.ts'

/** What MAIL is to say; all that was given to us (the same words as parameters.ts reads). */
export interface MailCommand {
  readonly returnPath: string
  readonly sizeBytes: number
  readonly body?: '7BIT' | '8BITMIME'
  /** The message or its envelope needs SMTPUTF8. */
  readonly smtputf8?: boolean
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
  readonly requireTls?: boolean
}

export interface RcptCommand {
  readonly recipient: string
  readonly notify?: string
  readonly orcpt?: string
}

/** A path that can stand between angle brackets: nothing in it ends the path, the line, or the command. */
const PATH = /^(?:"(?:[^"\\\p{Cc}]|\\[ -~])*"|[^\s<>"\\\p{Cc}]+)(?:@[^\s<>"\\\p{Cc}]+)?$/u
const PARAMETER = /^[^\s\p{Cc}]+$/u

/** Tell whether an address can be written into a command. */
export function isSendable(address: string): boolean {
  return PATH.test(address)
}

/** Format MAIL with the parameters that the server offers to take, CRLF at its end. */
export function formatMail(mail: MailCommand, can: Capabilities): string {
  let line = `MAIL FROM:<${mail.returnPath}>`
  if (can.size) line += ` SIZE=${mail.sizeBytes}` // RFC 1870 §5
  // RFC 6152 §3 wants the content changed for a server without 8BITMIME. Every server in use takes eight bits, and changed content
  // breaks its signatures (RFC 6376 §5.3), so it is sent as it is.
  if (can.eightBit && mail.body !== undefined) line += ` BODY=${mail.body}`
  if (can.smtputf8 && mail.smtputf8 === true) line += ' SMTPUTF8' // RFC 6531 §3.4
  if (can.dsn) {
    if (mail.ret !== undefined) line += ` RET=${mail.ret}` // RFC 3461 §4.3
    if (mail.envid !== undefined && PARAMETER.test(mail.envid)) line += ` ENVID=${mail.envid}` // RFC 3461 §4.4
  }
  if (can.requireTls && mail.requireTls === true) line += ' REQUIRETLS' // RFC 8689 §2
  return `${line}\r\n`
}

/** Format RCPT with the parameters that the server offers to take, CRLF at its end. */
export function formatRcpt({ recipient, notify, orcpt }: RcptCommand, can: Capabilities): string {
  let line = `RCPT TO:<${recipient}>`
  if (can.dsn) {
    if (notify !== undefined && PARAMETER.test(notify)) line += ` NOTIFY=${notify}` // RFC 3461 §4.1
    // RFC 6533 §3: beyond ASCII only where the server takes SMTPUTF8.
    if (orcpt !== undefined && PARAMETER.test(orcpt) && (can.smtputf8 || isAscii(orcpt))) line += ` ORCPT=${orcpt}`
  }
  return `${line}\r\n`
}
