/**
 * Long lists of addresses in YAML, one plain address a line: what a group of 100,000 networks is. The parser takes a second for
 * one, most of it to learn what can be seen at a glance. So it is shown the first and the last line of such a stretch, with
 * blanks between them, and the lines that it did not see are put into what it made of the two.
 */
import { type Document, Scalar, visit } from 'yaml'

/** Lines that a stretch has at least, for the trouble to be worth it. */
const LONG = 200

/** An IPv4 or IPv6 address or network, alone on its line of a list, that YAML can take for nothing but a text. */
const LINE =
  /^( *)- ((?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?:\/\d{1,3})?)(?<!:)$/gm

interface Line {
  readonly value: string
  /** Where the value begins. */
  readonly from: number
}

/** A stretch of a list: its lines, all with the same indent and each right after the one before. */
type Stretch = readonly Line[]

/** Find the long stretches of a text. */
export function findStretches(text: string): readonly Stretch[] {
  const stretches: Stretch[] = []
  let stretch: Line[] = []
  let indent = 0
  let end = -1
  for (const { index, 0: line, 1: spaces = '', 2: value = '' } of text.matchAll(LINE)) {
    // Other line ends than \n are none of YAML's, or are left to the parser.
    const follows = index === end + 1 && text[end] === '\n' && spaces.length === indent
    if (!follows) {
      if (stretch.length >= LONG) stretches.push(stretch)
      stretch = []
    }
    stretch.push({ value, from: index + spaces.length + 2 })
    indent = spaces.length
    end = index + line.length
  }
  if (stretch.length >= LONG) stretches.push(stretch)
  return stretches
}

/** Give the text with blanks for all of each stretch but its first and last line; every offset stays what it was. */
export function withoutStretches(text: string, stretches: readonly Stretch[]): string {
  const parts: string[] = []
  let done = 0
  for (const stretch of stretches) {
    const [first, last] = [stretch[0], stretch.at(-1)] as [Line, Line]
    const from = first.from + first.value.length
    const to = text.lastIndexOf('\n', last.from)
    parts.push(text.slice(done, from), ' '.repeat(to - from))
    done = to
  }
  return [...parts, text.slice(done)].join('')
}

/** Put the lines that were left out where they belong; false when a stretch turns out to be no part of a list. */
export function restoreStretches(document: Document, stretches: readonly Stretch[]): boolean {
  const missing = new Map(stretches.map((stretch) => [stretch[0]?.from, stretch]))
  visit(document, {
    Seq(_, seq) {
      for (let index = seq.items.length - 1; index >= 0; index--) {
        const item = seq.items[index]
        const from = item instanceof Scalar ? item.range?.[0] : undefined
        const stretch = from === undefined ? undefined : missing.get(from)
        const next = seq.items[index + 1]
        if (stretch === undefined || !(next instanceof Scalar) || next.range?.[0] !== stretch.at(-1)?.from) continue
        missing.delete(from)
        seq.items = [
          ...seq.items.slice(0, index + 1),
          ...stretch.slice(1, -1).map(scalarOf),
          ...seq.items.slice(index + 1),
        ]
      }
    },
  })
  return missing.size === 0
}

function scalarOf({ value, from }: Line): Scalar {
  const scalar = new Scalar(value)
  scalar.range = [from, from + value.length, from + value.length]
  return scalar
}
