import { oneLine } from '#message/header-text.ts'
import { formatDate } from '#message/received.ts'

export interface ReportMail {
  readonly domain: string
  /** `2026-11-24`, UTC. */
  readonly day: string
  readonly submitter: string
  readonly from: string
  readonly to: readonly string[]
  readonly reportId: string
  readonly dateMs: number
  /** The report, compressed with gzip. */
  readonly compressed: Uint8Array
}

const DAY_MS = 86_400_000

/** Name the file of a report (RFC 8460 §5.1). */
export function reportFileName({ submitter, domain, day, reportId }: Omit<ReportMail, 'compressed'>): string {
  const beginS = Date.parse(`${day}T00:00:00Z`) / 1000
  const unique = reportId.replaceAll(/[^A-Za-z0-9.-]/g, '-')
  return `${submitter}!${domain}!${beginS}!${beginS + DAY_MS / 1000 - 1}!${unique}.json.gz`
}

/** Write the mail that carries a report (RFC 8460 §5.3). */
export function formatReportMail(mail: ReportMail): Uint8Array {
  const { domain, day, submitter, from, to, reportId, dateMs, compressed } = mail
  const boundary = `=_tlsrpt-${reportId.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 40)}`
  const encoded =
    Buffer.from(compressed)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  const file = reportFileName(mail)
  const lines = [
    `Date: ${formatDate(dateMs)}`,
    `From: Postern <${oneLine(from)}>`,
    `To: ${to.map((address) => `<${oneLine(address)}>`).join(',\r\n ')}`,
    `Subject: Report Domain: ${domain} Submitter: ${oneLine(submitter)}`,
    ` Report-ID: <${oneLine(reportId)}>`,
    `Message-ID: <${oneLine(reportId)}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${oneLine(submitter)}`,
    // RFC 8460 §5.3, RFC 8689 §5: what tells of trouble with TLS must not be stopped by it.
    'TLS-Required: No',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type="tlsrpt";',
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is a report on how connections from ${oneLine(submitter)} to the mail`,
    `servers of ${domain} were encrypted on ${day} (UTC).`,
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment;',
    ` filename="${file}"`,
    '',
    ...encoded,
    '',
    `--${boundary}--`,
    '',
  ]
  return new TextEncoder().encode(lines.join('\r\n'))
}
