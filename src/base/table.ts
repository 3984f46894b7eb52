import { printable } from './printable.ts'

/**
 * Write rows as aligned columns for people: a line of headings, then the rows; two blanks between columns, none at the end of a
 * line. Cells are made printable. No rows give an empty text.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[], indent = ''): string {
  if (rows.length === 0) return ''
  const lines = [headings, ...rows].map((row) => row.map((cell) => printable(cell)))
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))))
  return lines
    .map((line) => {
      const cells = line.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
      return `${indent}${cells.join('  ')}`.trimEnd()
    })
    .join('\n')
}

/** Write named values one a line, the values aligned; those undefined are left out. */
export function formatPairs(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  indent = '',
): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${indent}${name.padEnd(width)}  ${printable(value, 5000)}`.trimEnd()).join('\n')
}

/** Columns a text takes on a terminal, near enough: code points. */
function widthOf(text: string): number {
  let width = 0
  for (const _ of text) width += 1
  return width
}
