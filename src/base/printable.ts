/** Controls, format characters (zero width, those that turn the direction), lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * Give a text as one harmless line for a terminal or a page: what a client typed can neither break the line nor move the
 * cursor. Unprintable characters become `\u{hex}`; more than `most` characters are cut with an ellipsis.
 */
export function printable(text: string, most = 500): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}
