/** One record of a CSV text, with the line it begins on. */
export interface CsvRecord {
  readonly line: number
  readonly fields: readonly string[]
}

/**
 * Read CSV (RFC 4180): fields may be quoted, a quote within is doubled, lines end with LF or CRLF, empty lines are passed over.
 * A string says what is wrong and where.
 */
export function parseCsv(text: string): readonly CsvRecord[] | string {
  const records: CsvRecord[] = []
  let line = 1
  let at = text.startsWith('\ufeff') ? 1 : 0
  while (at < text.length) {
    const startLine = line
    const fields: string[] = []
    for (;;) {
      let field: string
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1)
        if (end < 0) return `line ${startLine}: a quoted field does not end`
        field = text.slice(at + 1, end).replaceAll('""', '"')
        line += field.split('\n').length - 1
        at = end + 1
        if (at < text.length && !/[,\r\n]/.test(text[at] as string)) {
          return `line ${line}: expected a comma after the closing quote`
        }
      } else {
        const end = endOfField(text, at)
        field = text.slice(at, end)
        at = end
      }
      fields.push(field)
      if (text[at] !== ',') break
      at++
    }
    if (text[at] === '\r') at++
    if (text[at] === '\n') at++
    line++
    if (fields.length > 1 || fields[0] !== '') records.push({ line: startLine, fields })
  }
  return records
}

function closingQuote(text: string, from: number): number {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at)
    if (at < 0 || text[at + 1] !== '"') return at
  }
}

function endOfField(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++
  return at
}
