/** No more of a header is read than this; the rest of the message is never touched. */
const MOST_BYTES = 64 * 1024
const MOST_FIELDS = 200
/** More of one field is cut: a list of a thousand recipients tells nothing. */
const MOST_FIELD = 1000

export interface ShownHeader {
  /** A field each, unfolded (RFC 5322 §2.2.3); an attacker's text. */
  readonly fields: readonly string[]
  /** There is more than is given here. */
  readonly cut: boolean
}

/** Read the header of a message that comes in pieces, as far as is good to look at. */
export async function readHeader(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<ShownHeader> {
  // As if a line had ended before it, so that the empty line is found where it is the first.
  const pieces: Uint8Array[] = [Buffer.from('\r\n')]
  let bytes = 0
  let isWhole = false
  for await (const piece of content) {
    pieces.push(piece.subarray(0, MOST_BYTES - bytes))
    bytes += piece.length
    isWhole = Buffer.concat(pieces).indexOf('\r\n\r\n') >= 0
    if (isWhole || bytes > MOST_BYTES) break
  }
  const [header = ''] = Buffer.concat(pieces).toString('utf8').split('\r\n\r\n', 1)
  const fields = header
    .split(/\r\n(?![ \t])/)
    .map((field) => field.replace(/\r\n[ \t]+/g, ' '))
    .filter((field) => field !== '')
  return {
    fields: fields
      .slice(0, MOST_FIELDS)
      .map((field) => (field.length > MOST_FIELD ? `${field.slice(0, MOST_FIELD)}…` : field)),
    cut: (!isWhole && bytes > MOST_BYTES) || fields.length > MOST_FIELDS,
  }
}
