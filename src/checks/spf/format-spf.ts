/** What a message tells of its SPF check. What clients and records say is data: none of it can end the field or begin another. */
import type { SpfResult } from './result.ts'

/** Of whom the check was. */
export interface SpfSubject {
  /** As the client gave it: any text. */
  readonly helo: string
  /** The reverse-path without its brackets; `''` is the null sender. */
  readonly sender: string
}

export interface SpfField extends SpfSubject {
  /** The name of this server. */
  readonly receiver: string
  readonly ip: string
}

/** RFC 5322 §2.1.1 wants 78, without the CRLF. */
const LINE = 78
/** RFC 5321 §4.5.3.1: a local part of 64 octets, `@`, a domain of 255. */
const MOST_VALUE = 320
/** So much that a comment without a space, every character escaped, still is a legal line. */
const MOST_COMMENT = 300
/** The same for a comment and a value that share one line. */
const MOST_SHORT = 200

/** RFC 5322 §3.2.3. */
const DOT_ATOM = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const HOST_NAME = /^[\w-]+(?:\.[\w-]+)*$/

/** Write the Received-SPF field (RFC 7208 §9.1): folded, CRLF at its end. */
export function formatReceivedSpf(result: SpfResult, { receiver, ip, helo, sender }: SpfField): string {
  const pairs = [
    `client-ip=${dotAtomOrQuoted(ip)}`,
    `envelope-from=${quoted(sender)}`,
    `helo=${dotAtomOrQuoted(helo)}`,
    `receiver=${dotAtomOrQuoted(receiver)}`,
    `identity=${result.identity}`,
    ...(result.mechanism === undefined ? [] : [`mechanism=${dotAtomOrQuoted(result.mechanism)}`]),
  ]
  const head = fold(`Received-SPF: ${result.result} ${comment(`${receiver}: ${result.because}`)}`)
  return `${head}\r\n\t${pairs.join(';\r\n\t')}\r\n`
}

/**
 * Write the method of an Authentication-Results field (RFC 8601 §2.7.2), on one line, without the `;` before it:
 * `spf=pass ("ip4:192.0.2.1" in the record of example.com matches) smtp.mailfrom=user@example.com`.
 */
export function formatSpfAuthResult(result: SpfResult, subject: SpfSubject): string {
  return `spf=${result.result} ${comment(result.because, MOST_SHORT)} ${formatIdentity(result, subject)}`
}

function formatIdentity({ identity, domain }: SpfResult, { helo, sender }: SpfSubject): string {
  if (identity === 'helo') {
    return `smtp.helo=${helo.length <= MOST_SHORT && HOST_NAME.test(helo) ? helo : quoted(helo, MOST_SHORT)}`
  }
  if (!HOST_NAME.test(domain)) return `smtp.mailfrom=${quoted(sender, MOST_SHORT)}`
  const localPart = sender.slice(0, Math.max(sender.lastIndexOf('@'), 0))
  // Half a local part would name another mailbox.
  if (localPart === '' || localPart.length > MOST_SHORT) return `smtp.mailfrom=${domain}`
  return `smtp.mailfrom=${dotAtomOrQuoted(unquoted(localPart))}@${domain}`
}

/** The text of a local part that is a quoted string (RFC 5321 §4.1.2). */
function unquoted(localPart: string): string {
  return /^".*"$/s.test(localPart) ? localPart.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : localPart
}

function dotAtomOrQuoted(text: string): string {
  return text.length <= MOST_VALUE && DOT_ATOM.test(text) ? text : quoted(text)
}

/** RFC 5322 §3.2.4. */
function quoted(text: string, most = MOST_VALUE): string {
  return `"${printableAscii(text.slice(0, most)).replaceAll(/["\\]/g, '\\$&')}"`
}

/** RFC 5322 §3.2.2. */
function comment(text: string, most = MOST_COMMENT): string {
  return `(${printableAscii(text.slice(0, most)).replaceAll(/[()\\]/g, '\\$&')})`
}

function printableAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?')
}

/** Break a field at its spaces (RFC 5322 §2.2.3). */
function fold(field: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of field.split(/ +/)) {
    if (line !== '' && line.length + 1 + word.length > LINE) {
      lines.push(line)
      line = word
    } else line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].join('\r\n\t')
}
