/** A header field as it stands in a message. */
export interface HeaderField {
  /** In lower case. */
  readonly name: string
  /** The whole field with its name and folds, without the CRLF at its end; one character is one octet. */
  readonly raw: string
}

/**
 * Take a header apart into its fields, from the top. Gives undefined where it is none by RFC 5322 §2.2: a line without a name
 * would mean one thing to one reader and another to the next. `header` ends before the empty line; one character is one octet.
 */
export function parseHeaderFields(header: string): readonly HeaderField[] | undefined {
  const fields: HeaderField[] = []
  let start = 0
  while (start < header.length) {
    let end = header.indexOf('\r\n', start)
    // A field goes on where the next line begins with a blank (RFC 5322 §2.2.3).
    while (end !== -1 && isBlank(header.charCodeAt(end + 2))) end = header.indexOf('\r\n', end + 2)
    if (end === -1) end = header.length
    const raw = header.slice(start, end)
    // Blanks before the colon are obsolete syntax, to be read (RFC 5322 §4.5).
    const name = NAME.exec(raw)?.[1]
    if (name === undefined) return undefined
    fields.push({ name: name.toLowerCase(), raw })
    start = end + 2
  }
  return fields
}

/** RFC 5322 §3.6.8: printable ASCII but the colon. */
const NAME = /^([!-9;-~]+)[ \t]*:/

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** Give a field in its relaxed form (RFC 6376 §3.4.2), without a CRLF at its end. */
export function relaxHeaderField({ name, raw }: HeaderField): string {
  const value = raw.slice(raw.indexOf(':') + 1)
  const unfolded = value.includes('\r\n') ? value.replaceAll('\r\n', '') : value
  return `${name}:${trimBlanks(unfolded.replace(/[ \t]+/g, ' '))}`
}

/** Runs are one space already: there is one at most at each end. */
function trimBlanks(text: string): string {
  const start = text.startsWith(' ') ? 1 : 0
  return text.slice(start, text.endsWith(' ') && text.length > start ? -1 : undefined)
}
