/**
 * SASLprep (RFC 4013), the form in which names and passwords are compared. The tables of RFC 3454 stop at Unicode 3.2; where
 * they are open classes (unassigned, control, private use, letters of right-to-left scripts) the runtime's Unicode stands in.
 */

const PLAIN_ASCII = /^[\x20-\x7e]*$/
/** RFC 3454 table C.1.2, without U+200B, which table B.1 maps to nothing. */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
/** RFC 3454 table B.1. */
const MAPPED_TO_NOTHING = /\u034f|\u200d|[\u00ad\u1806\u200b\u200c\u2060\ufeff]|[\u180b-\u180d]|[\ufe00-\ufe0f]/gu
/**
 * RFC 4013 §2.3: controls (C.2), private use (C.3), non-characters (C.4) and unassigned (A.1), surrogates (C.5), what is
 * no plain text (C.6), ideographic description (C.7), what changes the display (C.8), tags (C.9).
 */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cn}\p{Cs}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u
/** RFC 3454 table D.1, by script. */
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u
/** RFC 3454 table D.2, near enough: letters that are not right-to-left. */
const LEFT_TO_RIGHT = /[\p{L}--[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]]/v

/** Prepare a name or a password; undefined when it holds what none may hold. */
export function saslprep(text: string): string | undefined {
  if (PLAIN_ASCII.test(text)) return text
  const mapped = text.replaceAll(OTHER_SPACES, ' ').replaceAll(MAPPED_TO_NOTHING, '').normalize('NFKC')
  if (PROHIBITED.test(mapped)) return undefined
  // RFC 3454 §6: right-to-left text holds no left-to-right letter, and begins and ends right-to-left.
  if (RIGHT_TO_LEFT.test(mapped)) {
    const characters = [...mapped]
    const first = characters[0] as string
    const last = characters.at(-1) as string
    if (LEFT_TO_RIGHT.test(mapped) || !RIGHT_TO_LEFT.test(first) || !RIGHT_TO_LEFT.test(last)) return undefined
  }
  return mapped
}
