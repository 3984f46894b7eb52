import { formatSize, parseDuration, parseSize } from '#settings/kinds.ts'
import { CommandError } from './command.ts'

/** Read the size that an option gives, in bytes; null for `unlimited`. */
export function parseBytes(text: string, option: string): number | null {
  if (text === 'unlimited') return null
  const bytes = parseSize(text)
  if (bytes === undefined)
    throw new CommandError(`Cannot use ${option} "${text}": expected a size such as 500MB, or unlimited`, 2)
  return bytes
}

/** Read the count that an option gives; null for `unlimited`. */
export function parseCount(text: string, option: string): number | null {
  if (text === 'unlimited') return null
  if (!/^\d{1,9}$/.test(text))
    throw new CommandError(`Cannot use ${option} "${text}": expected a whole number, or unlimited`, 2)
  return Number(text)
}

/** Read the span of time that an option gives, in milliseconds; undefined when the option is absent. */
export function parseSpan(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const spanMs = parseDuration(text)
  if (spanMs === undefined || spanMs < 1000) {
    throw new CommandError(`Cannot use ${option} "${text}": expected a span of time such as 30m, 1h or 2d`, 2)
  }
  return spanMs
}

/** Write a span of time for people: the two largest units of it, `1h 20m`. */
export function formatSpan(spanMs: number): string {
  let seconds = Math.max(0, Math.round(spanMs / 1000))
  const parts: string[] = []
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(seconds / length)
    seconds -= count * length
    if (count > 0) parts.push(`${count}${unit}`)
    else if (parts.length > 0) break
  }
  return parts.slice(0, 2).join(' ') || '0s'
}

/** Write bytes for people: exactly where a unit divides them, else with one decimal. */
export function formatBytes(bytes: number): string {
  const exact = formatSize(bytes)
  if (!exact.endsWith('B') || bytes < 10_000 || !/^\d+B$/.test(exact)) return exact
  const units = ['KB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = -1
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${size.toFixed(1)}${units[unit]}`
}
