/** What every log line goes through: nothing that anybody typed breaks a line in two, fakes a field or turns the reading order. */

/** Values longer than this (UTF-16 units) are cut. */
export const MAX_VALUE = 200

// The line end that a whole line ends in stays: inside JSON it never stands bare.
const BEYOND_ASCII = /[^\x20-\x7e\n]/
/** Controls, format characters (bidi, zero width), lone surrogates, unassigned and private ones, line and paragraph separators. */
const UNSAFE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu
/** What may stand in the text format without quotes: no blank, no `=`, no quote, no backslash. */
const BARE = /^[A-Za-z0-9_.:@<>+/,[\]{}()*?!#$%&'^`|~;-]+$/

/** Cut a value to its bound, with `…` where something is missing. */
export function cut(value: string, max = MAX_VALUE): string {
  return value.length > max ? `${value.slice(0, max)}…` : value
}

/** Write as `\uXXXX` what JSON may hold but no log line should; the line means the same to a JSON reader. */
export function escapeUnsafe(json: string): string {
  return BEYOND_ASCII.test(json) ? json.replace(UNSAFE, escapeCharacter) : json
}

function escapeCharacter(character: string): string {
  let escaped = ''
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }
  return escaped
}

/** Turn one JSON log line (without its line end) into the text format: `TIME LOG EVENT name=value …`. */
export function formatText(line: string): string {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(line) as Record<string, unknown>
  } catch {
    return escapeUnsafe(JSON.stringify(line))
  }
  const { level, time, log, event, ...rest } = fields
  let text = `${String(time)} ${String(log)} ${String(event)}`
  for (const [name, value] of Object.entries(rest)) text += ` ${name}=${formatValue(value)}`
  return level === 'info' ? text : `${text} level=${String(level)}`
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value)
  return BARE.test(text) ? text : escapeUnsafe(JSON.stringify(text))
}
