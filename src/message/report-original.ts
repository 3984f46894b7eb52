import { isAscii, isUtf8 } from 'node:buffer'
import { encodeQuotedPrintable } from './quoted-printable.ts'

/** What of the message there is, for a report to give back. */
export interface Original {
  /** From its first octet on. */
  readonly content: Uint8Array
  /** It is there to its end. */
  readonly isWhole: boolean
}

/** One part of a multipart: its header fields and its content, both with CRLF between lines. */
export interface Part {
  readonly fields: readonly string[]
  readonly content: Uint8Array
}

export const MOST_WHOLE_BYTES = 64 * 1024
export const MOST_HEADER_BYTES = 32 * 1024
/** RFC 5322 §2.1.1 */
const LINE_OCTETS = 998

/** Give a message back as a part of its report: whole where that is wanted and can be, else its header (RFC 3461 §4.3). */
export function originalPart({ content, isWhole }: Original, wanted: 'FULL' | 'HDRS'): Part {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const header = headerOf(bytes)
  if (wanted === 'FULL' && isWhole && bytes.length <= MOST_WHOLE_BYTES && isTransportable(bytes)) {
    const encoding = `Content-Transfer-Encoding: ${isSevenBit(bytes) ? '7bit' : '8bit'}`
    if (isSevenBit(header)) return { fields: ['Content-Type: message/rfc822', encoding], content: bytes }
    // RFC 6532 §3.7: a header in UTF-8 makes it another type.
    if (isUtf8(header)) return { fields: ['Content-Type: message/global', encoding], content: bytes }
  }
  return headerPart(header)
}

function headerPart(header: Buffer): Part {
  if (isTransportable(header)) {
    if (isSevenBit(header)) {
      return { fields: ['Content-Type: text/rfc822-headers', 'Content-Transfer-Encoding: 7bit'], content: header }
    }
    // RFC 6533 §6
    if (isUtf8(header)) {
      return { fields: ['Content-Type: message/global-headers', 'Content-Transfer-Encoding: 8bit'], content: header }
    }
  }
  return {
    fields: ['Content-Type: text/rfc822-headers', 'Content-Transfer-Encoding: quoted-printable'],
    content: Buffer.from(encodeQuotedPrintable(header), 'latin1'),
  }
}

/** The header to its last whole line within the bound, without the empty line that ends it. */
function headerOf(bytes: Buffer): Buffer {
  let end = 0
  while (end < bytes.length) {
    const lineFeed = bytes.indexOf(10, end)
    const next = lineFeed === -1 ? bytes.length : lineFeed + 1
    const isEmpty = next === end + 1 ? bytes[end] === 10 : next === end + 2 && bytes[end] === 13
    if (isEmpty || next > MOST_HEADER_BYTES) break
    end = next
  }
  return bytes.subarray(0, end)
}

/** Tell whether a content keeps to lines that SMTP carries (RFC 2045 §2.7, §2.8). */
function isTransportable(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false
  let start = 0
  while (start < bytes.length) {
    const lineFeed = bytes.indexOf(10, start)
    const end = lineFeed === -1 ? bytes.length : lineFeed - 1
    if (lineFeed !== -1 && bytes[end] !== 13) return false
    if (end - start > LINE_OCTETS) return false
    const carriageReturn = bytes.indexOf(13, start)
    if (carriageReturn !== -1 && carriageReturn < end) return false
    start = lineFeed === -1 ? bytes.length : lineFeed + 1
  }
  return true
}

/** Tell whether every octet is of US-ASCII. */
export function isSevenBit(bytes: Uint8Array): boolean {
  return isAscii(bytes)
}

/** Find a message's Message-ID, angle brackets included, where it is one that can stand in a header of ours. */
export function messageIdOf({ content }: Original): string | undefined {
  const header = headerOf(Buffer.from(content.buffer, content.byteOffset, content.byteLength)).toString('latin1')
  return /^message-id[ \t]*:(?:[ \t]|\r\n[ \t])*(<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>)[ \t]*\r?$/im.exec(header)?.[1]
}
