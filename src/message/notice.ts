import { formatHeaderText, oneLine } from './header-text.ts'
import { formatDate } from './received.ts'

/** A mail of our own, to a person. */
export interface Notice {
  /** Addresses. */
  readonly from: string
  readonly to: string
  readonly subject: string
  /** Lines end in LF. */
  readonly text: string
  readonly dateMs: number
  /** Without the angle brackets. */
  readonly messageId: string
}

const UTF8 = new TextEncoder()
/** RFC 2045 §6.8 */
const BASE64_LINE = 76

/**
 * Write a notice as a message (RFC 5322): plain text, marked as made by a program (RFC 3834 §5), so that no other program answers
 * it. Text beyond ASCII, or with a line too long, goes in base64.
 */
export function formatNotice({ from, to, subject, text, dateMs, messageId }: Notice): Uint8Array {
  // RFC 5322 §2.1.1: a line has 998 octets at most. A text that keeps to it in ASCII stays readable as it is.
  const plain = isAscii(text) && text.split('\n').every((line) => line.length <= 998)
  const lines = [
    `Date: ${formatDate(dateMs)}`,
    `From: Postern <${oneLine(from)}>`,
    `To: <${oneLine(to)}>`,
    `Subject: ${formatHeaderText(subject)}`,
    `Message-ID: <${oneLine(messageId)}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: text/plain; charset=${plain ? 'us-ascii' : 'utf-8'}`,
    `Content-Transfer-Encoding: ${plain ? '7bit' : 'base64'}`,
    '',
  ]
  const body = text.replaceAll(/\r?\n|\r/g, '\r\n')
  return UTF8.encode(`${lines.join('\r\n')}\r\n${plain ? body : base64Lines(body)}`)
}

function isAscii(text: string): boolean {
  return /^[\n\r\t -~]*$/.test(text)
}

function base64Lines(text: string): string {
  const encoded = Buffer.from(text, 'utf8').toString('base64')
  return `${encoded.match(new RegExp(`.{1,${BASE64_LINE}}`, 'g'))?.join('\r\n') ?? ''}\r\n`
}
