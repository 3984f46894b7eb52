/** Macros of SPF (RFC 7208 §7): text with `%{...}` in it, read once, filled in for one client. */

/** The letters of a macro. `c`, `r` and `t` stand in explanations only (RFC 7208 §7.2). */
export type MacroLetter = 's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'v' | 'h' | 'c' | 'r' | 't'

export type MacroPart =
  | { readonly is: 'text'; readonly text: string }
  | {
      readonly is: 'macro'
      readonly letter: MacroLetter
      /** How many parts at the right are used; undefined: all. */
      readonly keep: number | undefined
      readonly isReversed: boolean
      /** What the value is split at, each character by itself. */
      readonly delimiters: string
      /** The letter was upper case: the outcome is escaped as in a URL. */
      readonly isEscaped: boolean
    }

/** What each letter stands for with one client. */
export type MacroValues = Readonly<Record<MacroLetter, string>>

/** RFC 1035 §2.3.4, in the form without the last dot. */
const MAX_NAME = 253
/** More parts than a value can have; what a longer number says is the same. */
const MOST_PARTS = 1000

const NAME_LETTERS = 'slodipvh'
const EXPLANATION_LETTERS = 'slodipvhcrt'
const DELIMITERS = '.-+,/_='
/** RFC 7208 §7.1 macro-expand, those without a letter. */
const FIXED: Readonly<Record<string, string>> = { '%%': '%', '%_': ' ', '%-': '%20' }

/**
 * Parse a macro-string (RFC 7208 §7.1); in an explanation spaces may stand, and three more letters. Undefined where it is none:
 * a character that is not visible ASCII, or a `%` that begins no macro.
 */
export function parseMacroString(text: string, within: 'record' | 'explanation'): readonly MacroPart[] | undefined {
  const letters = within === 'explanation' ? EXPLANATION_LETTERS : NAME_LETTERS
  const parts: MacroPart[] = []
  let from = 0
  const addText = (to: number) => {
    if (to > from) parts.push({ is: 'text', text: text.slice(from, to) })
  }
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code > 0x7e || (code === 0x20 && within === 'record')) return undefined
    if (code !== 0x25) {
      at += 1
      continue
    }
    addText(at)
    const fixed = FIXED[text.slice(at, at + 2)]
    if (fixed !== undefined) {
      parts.push({ is: 'text', text: fixed })
      at += 2
    } else {
      const read = readMacro(text, at, letters)
      if (read === undefined) return undefined
      parts.push(read.part)
      at = read.end
    }
    from = at
  }
  addText(text.length)
  return parts
}

/** Parse a domain-spec: a macro-string that ends in a macro or in a label that can be a top one (RFC 7208 §7.1). */
export function parseDomainSpec(text: string): readonly MacroPart[] | undefined {
  const parts = parseMacroString(text, 'record')
  if (parts === undefined || parts.length === 0) return undefined
  return endsInMacro(text) || endsInTopLabel(text) ? parts : undefined
}

/** Tell whether a text needs the validated name of the client, which has to be looked up. */
export function needsClientName(parts: readonly MacroPart[]): boolean {
  return parts.some((part) => part.is === 'macro' && part.letter === 'p')
}

/** Fill in a name to look up: no dot at its end, and labels taken off its left until it has 253 characters (RFC 7208 §7.3). */
export function expandName(parts: readonly MacroPart[], values: MacroValues): string {
  let name = ''
  // From the right, and no further than can stay: a record may ask for much more.
  for (let index = parts.length - 1; index >= 0 && name.length <= MAX_NAME + 1; index--) {
    name = expandPart(parts[index] as MacroPart, values) + name
  }
  if (name.endsWith('.')) name = name.slice(0, -1)
  if (name.length <= MAX_NAME) return name
  const dot = name.indexOf('.', name.length - MAX_NAME - 1)
  return dot === -1 ? '' : name.slice(dot + 1)
}

/** Fill in an explanation, as one line of at most `most` characters of printable ASCII; others become `?`. */
export function expandExplanation(parts: readonly MacroPart[], values: MacroValues, most: number): string {
  let text = ''
  for (const part of parts) {
    if (text.length >= most) break
    text += expandPart(part, values)
  }
  // RFC 7208 §6.2: it is shown to people, and goes into replies.
  return text.slice(0, most).replaceAll(/[^\x20-\x7e]/g, '?')
}

function readMacro(
  text: string,
  start: number,
  letters: string,
): { readonly part: MacroPart; readonly end: number } | undefined {
  if (text[start + 1] !== '{') return undefined
  const written = text[start + 2] ?? ''
  const letter = written.toLowerCase()
  if (letter === '' || !letters.includes(letter)) return undefined
  let at = start + 3

  const digits = at
  let keep = 0
  for (; isDigit(text.charCodeAt(at)); at++) keep = Math.min(keep * 10 + text.charCodeAt(at) - 48, MOST_PARTS)
  // RFC 7208 §7.3: the number must not be zero.
  if (at > digits && keep === 0) return undefined
  const isReversed = text[at] === 'r' || text[at] === 'R'
  const from = isReversed ? at + 1 : at
  let end = from
  while (end < text.length && DELIMITERS.includes(text[end] as string)) end++
  if (text[end] !== '}') return undefined
  const part: MacroPart = {
    is: 'macro',
    letter: letter as MacroLetter,
    keep: at > digits ? keep : undefined,
    isReversed,
    delimiters: end > from ? text.slice(from, end) : '.',
    isEscaped: written !== letter,
  }
  return { part, end: end + 1 }
}

function expandPart(part: MacroPart, values: MacroValues): string {
  if (part.is === 'text') return part.text
  const value = values[part.letter]
  const text = part.keep === undefined && !part.isReversed && part.delimiters === '.' ? value : transform(value, part)
  return part.isEscaped ? escapeUrl(text) : text
}

/** RFC 7208 §7.3: split, reversed, the right-hand parts, put together with dots. */
function transform(
  value: string,
  { keep, isReversed, delimiters }: Extract<MacroPart, { readonly is: 'macro' }>,
): string {
  const pieces: string[] = []
  let from = 0
  for (let at = 0; at < value.length; at++) {
    if (!delimiters.includes(value[at] as string)) continue
    pieces.push(value.slice(from, at))
    from = at + 1
  }
  pieces.push(value.slice(from))
  if (isReversed) pieces.reverse()
  return (keep === undefined ? pieces : pieces.slice(-keep)).join('.')
}

/** RFC 7208 §7.3: all but the unreserved characters of RFC 3986 §2.3. */
function escapeUrl(text: string): string {
  let escaped = ''
  for (const octet of Buffer.from(text)) {
    const char = String.fromCharCode(octet)
    escaped += /[A-Za-z0-9._~-]/.test(char) ? char : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

/** The text is known to be a macro-string; only then does its end tell. */
function endsInMacro(text: string): boolean {
  return lastMacroEnd(text) === text.length
}

/** `.` and a top label, perhaps a last dot. All of it stands behind the last macro. */
function endsInTopLabel(text: string): boolean {
  const end = text.endsWith('.') ? text.length - 1 : text.length
  const dot = text.lastIndexOf('.', end - 1)
  if (dot === -1 || dot < lastMacroEnd(text)) return false
  return isTopLabel(text.slice(dot + 1, end))
}

/** Letters, digits and hyphens, no hyphen at either end, and not digits alone (RFC 7208 §7.1 toplabel). */
function isTopLabel(label: string): boolean {
  return /^[A-Za-z0-9-]+$/.test(label) && !label.startsWith('-') && !label.endsWith('-') && !/^[0-9]+$/.test(label)
}

/** Where the last macro of a macro-string ends; 0 where it has none. */
function lastMacroEnd(text: string): number {
  let end = 0
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', end)) {
    end = text[at + 1] === '{' ? text.indexOf('}', at) + 1 : at + 2
  }
  return end
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
