/** RFC 2047 §2: an encoded word has 75 characters at most, 63 of them text in base64. */
const ENCODED_WORD_OCTETS = 45

/** Keep a value to one line of its own: what a client sent may be in it. */
export function oneLine(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, ' ')
}

/** Write text for a header field that people read, such as Subject: as it is in ASCII, else in encoded words (RFC 2047 §5). */
export function formatHeaderText(value: string): string {
  const text = oneLine(value)
  if (/^[ -~]*$/.test(text) && text.length <= 900) return text
  const words: string[] = []
  let word = ''
  for (const character of text) {
    // RFC 2047 §5: no character may be split between two words.
    if (Buffer.byteLength(word) + Buffer.byteLength(character) > ENCODED_WORD_OCTETS) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map((each) => `=?utf-8?B?${Buffer.from(each, 'utf8').toString('base64')}?=`).join('\r\n ')
}
