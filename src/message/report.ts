import { isAscii } from '#base/ascii.ts'
import { formatHeaderText, oneLine } from './header-text.ts'
import { encodeQuotedPrintable } from './quoted-printable.ts'
import { formatDate } from './received.ts'
import { formatReportFields } from './report-fields.ts'
import { messageIdOf, type Original, originalPart, type Part } from './report-original.ts'
import type { ReportRecipient } from './report-recipient.ts'
import { formatReportText } from './report-text.ts'
import { cs } from './report-words/cs.ts'
import { de } from './report-words/de.ts'
import { en } from './report-words/en.ts'
import { es } from './report-words/es.ts'
import { fr } from './report-words/fr.ts'
import { sv } from './report-words/sv.ts'
import type { ReportKind, ReportWords } from './report-words/words.ts'

const LANGUAGES = { en, de, fr, es, cs, sv } as const satisfies Readonly<Record<string, ReportWords>>

export type ReportLanguage = keyof typeof LANGUAGES

/** A delivery status notification (RFC 3461 §5, RFC 3464). */
export interface DeliveryReport {
  readonly kind: ReportKind
  readonly language: ReportLanguage
  /** The name of this server. */
  readonly hostname: string
  /** Reference of the decision that took the message reported on. */
  readonly ref: string
  /** Who sent that message, and is told. */
  readonly sender: string
  /** As the ENVID parameter gave it. */
  readonly envid?: string
  readonly ret?: 'FULL' | 'HDRS'
  /** When that message came. */
  readonly arrivalMs: number
  readonly recipients: readonly ReportRecipient[]
  /** As much of that message as there is. */
  readonly original?: Original
  readonly dateMs: number
  /** Of the report, without the angle brackets. */
  readonly messageId: string
}

/**
 * Write a report as a message: a text for people, fields for programs, and the message or its header. Its lines are at most 998
 * octets; beyond ASCII (then its envelope says BODY=8BITMIME) it is only where the message or an address is. What a client or
 * another server has said stands in the parts as data, and in no header of ours.
 */
export function formatReport(report: DeliveryReport): Buffer {
  const { kind, hostname, original, dateMs } = report
  const words = LANGUAGES[report.language]
  const parts = [textPart(formatReportText(report, words)), fieldsPart(formatReportFields(report))]
  // RFC 3461 §4.3: RET is about failures; all else comes with the header only.
  const wanted = kind === 'failed' ? (report.ret ?? 'HDRS') : 'HDRS'
  if (original !== undefined) parts.push(originalPart(original, wanted))

  const messageId = original === undefined ? undefined : messageIdOf(original)
  const boundary = boundaryFor(
    parts,
    oneLine(report.messageId)
      .replaceAll(/[^0-9A-Za-z]/g, '')
      .slice(0, 40),
  )
  const header = [
    `Date: ${formatDate(dateMs)}`,
    // RFC 3464 §2: a person is behind it, and a report sent to it makes no loop.
    `From: ${formatHeaderText(words.from)} <postmaster@${oneLine(hostname)}>`,
    `To: <${oneLine(report.sender)}>`,
    `Subject: ${formatHeaderText(words.subject[kind])}`,
    `Message-ID: <${oneLine(report.messageId)}>`,
    ...(messageId === undefined ? [] : [`In-Reply-To: ${messageId}`, `References: ${messageId}`]),
    // RFC 3834 §5
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Language: ${report.language === 'en' ? 'en' : `${report.language}, en`}`,
    // RFC 6522 §3
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
  ]
  const pieces: Uint8Array[] = [Buffer.from(`${header.join('\r\n')}\r\n`)]
  for (const { fields, content } of parts) {
    pieces.push(Buffer.from(`\r\n--${boundary}\r\n${fields.join('\r\n')}\r\n\r\n`), content)
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`))
  return Buffer.concat(pieces)
}

function textPart(text: string): Part {
  const content = Buffer.from(text.replaceAll('\n', '\r\n'))
  const isPlain = isAscii(text) && text.split('\n').every((line) => line.length <= 998)
  return isPlain
    ? { fields: ['Content-Type: text/plain; charset=us-ascii', 'Content-Transfer-Encoding: 7bit'], content }
    : {
        fields: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: quoted-printable'],
        content: Buffer.from(encodeQuotedPrintable(content), 'latin1'),
      }
}

function fieldsPart(text: string): Part {
  return {
    fields: isAscii(text)
      ? ['Content-Type: message/delivery-status', 'Content-Transfer-Encoding: 7bit']
      : // RFC 6533 §4
        ['Content-Type: message/global-delivery-status', 'Content-Transfer-Encoding: 8bit'],
    content: Buffer.from(text),
  }
}

/** Find a boundary that no part holds (RFC 2046 §5.1.1), not even one that means to. */
function boundaryFor(parts: readonly Part[], seed: string): string {
  for (let count = 0; ; count++) {
    // Quoted-printable never has `=_` in it.
    const boundary = `=_${seed}_${count}`
    if (
      !parts.some(({ content }) =>
        Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(boundary),
      )
    ) {
      return boundary
    }
  }
}
