import { isIP } from 'node:net'
import { isAscii } from '#base/ascii.ts'
import { printable } from '#base/printable.ts'
import { formatDate } from './received.ts'
import type { ReportRecipient } from './report-recipient.ts'
import type { ReportKind } from './report-words/words.ts'

export interface ReportFieldsInput {
  readonly kind: ReportKind
  readonly hostname: string
  readonly ref: string
  /** As the ENVID parameter gave it. */
  readonly envid?: string
  readonly arrivalMs: number
  readonly recipients: readonly ReportRecipient[]
}

/** RFC 5322 §2.1.1: longer values are folded at their blanks. */
const LINE_CHARACTERS = 78
/** RFC 5322 §2.1.1: a line has 998 octets at most, and some values have no blank to fold at. */
const VALUE_OCTETS = 900

/**
 * Write the part for programs (RFC 3464 §2): a block for the message, and one for each recipient. Lines end in CRLF. Holds characters
 * beyond ASCII only where an address does: then it is a `message/global-delivery-status` (RFC 6533 §4).
 */
export function formatReportFields(input: ReportFieldsInput): string {
  const envid = input.envid === undefined ? undefined : decodeXtext(input.envid)
  const blocks = [
    [
      // RFC 3464 §2.2.1 to §2.2.5
      ...(envid === undefined ? [] : [field('Original-Envelope-Id', envid)]),
      field('Reporting-MTA', `dns; ${input.hostname}`),
      field('Arrival-Date', formatDate(input.arrivalMs)),
    ],
    ...input.recipients.map((recipient) => recipientFields(recipient, input)),
  ]
  return blocks.map((block) => `${block.join('\r\n')}\r\n`).join('\r\n')
}

/** RFC 3464 §2.3.1 to §2.3.9, in the order of its grammar. */
function recipientFields(recipient: ReportRecipient, { kind, ref }: ReportFieldsInput): readonly string[] {
  const { orcpt, status, because, reply, remoteHost, lastAttemptMs, willRetryUntilMs } = recipient
  const original = orcpt === undefined ? undefined : originalRecipient(orcpt)
  const fields = original === undefined ? [] : [field('Original-Recipient', original)]
  fields.push(field('Final-Recipient', typedAddress(recipient.recipient)))
  fields.push(field('Action', kind))
  fields.push(field('Status', statusOf(status, kind)))
  // Whom the diagnostic code comes from; nobody else may be named here (RFC 3464 §2.3.5).
  if (remoteHost !== undefined && reply !== undefined) {
    fields.push(field('Remote-MTA', `dns; ${hostName(remoteHost)}`))
  }
  if (reply !== undefined) {
    const said = [reply.code, ...(reply.status === undefined ? [] : [reply.status]), printable(reply.text)].join(' ')
    fields.push(field('Diagnostic-Code', `smtp; ${inAscii(said)}`))
  } else if (because !== undefined) {
    // RFC 3464 §2.1.2: a type of our own begins with X-.
    fields.push(field('Diagnostic-Code', `x-postern; ${inAscii(printable(because))}`))
  }
  if (lastAttemptMs !== undefined) fields.push(field('Last-Attempt-Date', formatDate(lastAttemptMs)))
  fields.push(field('Final-Log-ID', ref))
  if (kind === 'delayed' && willRetryUntilMs !== undefined) {
    fields.push(field('Will-Retry-Until', formatDate(willRetryUntilMs)))
  }
  return fields
}

/** RFC 3464 §2.1.2, with the address literals of RFC 5321 §4.1.3. */
function hostName(host: string): string {
  const family = isIP(host)
  if (family === 0) return inAscii(printable(host, 255))
  return family === 4 ? `[${host}]` : `[IPv6:${host}]`
}

/** RFC 3464 §2.3.4; what has no code that fits its action gets the general one. */
function statusOf(status: string, kind: ReportKind): string {
  const digits = /^([245])(\.\d{1,3}\.\d{1,3})$/.exec(status)
  const fallback = kind === 'failed' ? '5' : kind === 'delayed' ? '4' : '2'
  if (digits === null) return `${fallback}.0.0`
  // A failure may end what was temporary (4.4.7); a success is nothing but a success.
  const fits = kind === 'failed' ? digits[1] !== '2' : digits[1] === fallback
  return fits ? status : `${fallback}.0.0`
}

/** RFC 3464 §2.3.2; RFC 6533 §3 for addresses beyond ASCII. */
function typedAddress(address: string): string {
  return `${isAscii(address) ? 'rfc822' : 'utf-8'}; ${printable(address)}`
}

/** Give ORCPT back as it was before it was encoded (RFC 3461 §6.3); undefined when there is nothing that can stand in a field. */
function originalRecipient(orcpt: string): string | undefined {
  const semicolon = orcpt.indexOf(';')
  if (semicolon < 1) return undefined
  const type = orcpt.slice(0, semicolon)
  const rest = orcpt.slice(semicolon + 1)
  // RFC 6533 §3: its own encoding, `\x{ABCD}`, belongs into the field as it is.
  const address = type.toLowerCase() === 'utf-8' ? rest : decodeXtext(rest)
  if (Buffer.byteLength(address) > VALUE_OCTETS) return undefined
  return `${printable(type, 64)}; ${printable(address)}`
}

/**
 * Decode xtext (RFC 3461 §4). What would not be printable US-ASCII stays encoded: §4.4 forbids it, and a line end in it would begin
 * a field of the sender's own making.
 */
function decodeXtext(text: string): string {
  const decoded = text.replaceAll(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return /^[ -~]*$/.test(decoded) ? decoded : text
}

function inAscii(text: string): string {
  return text.replaceAll(/[^ -~]/gu, '?')
}

/** Write a field, folded at blanks (RFC 5322 §2.2.3). */
function field(name: string, value: string): string {
  const lines: string[] = []
  let line = `${name}:`
  for (const word of bounded(printable(value, VALUE_OCTETS)).split(/ +/)) {
    if (line.length + 1 + word.length > LINE_CHARACTERS && line !== `${name}:` && line !== '') {
      lines.push(line)
      line = ''
    }
    line += ` ${word}`
  }
  lines.push(line)
  return lines.join('\r\n')
}

/** A value that is cut for its length has lost nothing that a program looks for: addresses are shorter. */
function bounded(value: string): string {
  const isShort = Buffer.byteLength(value) <= VALUE_OCTETS
  return isShort
    ? value.trim()
    : Buffer.from(value)
        .subarray(0, VALUE_OCTETS)
        .toString('utf8')
        .replace(/\ufffd+$/, '')
        .trim()
}
