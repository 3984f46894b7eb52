import { formatSize, parseSize } from '#settings/kinds.ts'
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
