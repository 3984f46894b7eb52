const LINE_CHARACTERS = 76
const HEX = Array.from({ length: 256 }, (_, octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`)

/** Encode text as quoted-printable (RFC 2045 §6.7). CRLF and LF alone are line ends, and become CRLF; every other octet is kept. */
export function encodeQuotedPrintable(content: Uint8Array): string {
  const lines: string[] = []
  let line = ''
  function put(token: string): void {
    // Rule 5: a line has 76 characters at most, the soft break's `=` among them.
    if (line.length + token.length >= LINE_CHARACTERS) {
      lines.push(`${line}=`)
      line = ''
    }
    line += token
  }
  for (let at = 0; at < content.length; at++) {
    const octet = content[at] as number
    const next = content[at + 1]
    if (octet === 10 || (octet === 13 && next === 10)) {
      if (octet === 13) at += 1
      lines.push(line)
      line = ''
    } else if (octet === 32 || octet === 9) {
      // Rule 3: a blank may not end a line.
      const endsLine = next === undefined || next === 10 || (next === 13 && content[at + 2] === 10)
      put(endsLine ? (HEX[octet] as string) : String.fromCharCode(octet))
    } else {
      put(octet > 32 && octet < 127 && octet !== 61 ? String.fromCharCode(octet) : (HEX[octet] as string))
    }
  }
  lines.push(line)
  return lines.join('\r\n')
}
