/** What is wrong with a settings text, and where. */
import { printable } from '#base/printable.ts'

/** A place in a text, both 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface Problem {
  /** The setting, such as `session.maxRecipients` or `ipGroups.office[2]`; `''` when the text as a whole is meant. */
  readonly path: string
  /** One sentence: what stands there, quoted, what was wanted, and what to do. */
  readonly says: string
  /** Further settings that it is about. */
  readonly also?: readonly string[]
  readonly line?: number
  readonly column?: number
}

/** Most problems that one text is told of; more say nothing new. */
export const MOST_PROBLEMS = 50

/** Write a problem on one line, the setting named once: `line 3, column 5: session.maxHops: …`. */
export function formatProblem({ path, says, line, column }: Problem): string {
  const place = line === undefined ? '' : `line ${line}, column ${column}: `
  return place + (says.includes(path) ? says : `${path}: ${says}`)
}

/** Quote a value for a message: one line, nothing unprintable, never long. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text
  return printable(JSON.stringify(short))
}
