/** YAML from strangers: parsed within bounds, and each node's place kept, so that a message can name line and column. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { printable } from '#base/printable.ts'
import { findStretches, restoreStretches, withoutStretches } from './long-lists.ts'
import { MOST_PROBLEMS, type Position, type Problem, quote } from './problem.ts'

/** Largest text taken, in UTF-16 units: room for groups of 100,000 networks. */
export const MOST_YAML = 8 * 1024 * 1024

const MOST_DEPTH = 32

export type ParsedYaml =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Parse one YAML 1.2 document; an empty one has the root `null`. Never throws. */
export function parseYaml(text: string): ParsedYaml {
  if (text.length > MOST_YAML) {
    return { ok: false, problems: [{ path: '', says: `The text is longer than ${MOST_YAML} characters.` }] }
  }
  const lines = new Lines(text)
  try {
    const document = parse(text)
    const problems = syntaxProblems([...document.errors, ...document.warnings], lines)
    return problems.length > 0
      ? { ok: false, problems }
      : { ok: true, source: new YamlSource(text, document.contents, lines) }
  } catch (error) {
    // The library recurses into nested nodes, and the stack ends before its own bounds do.
    if (!(error instanceof RangeError)) throw error
    return { ok: false, problems: [{ path: '', says: TOO_DEEP }] }
  }
}

function parse(text: string): Document.Parsed {
  const stretches = findStretches(text)
  if (stretches.length > 0) {
    const document = parseDocument(withoutStretches(text, stretches), PARSING)
    if (restoreStretches(document, stretches)) return document
  }
  return parseDocument(text, PARSING)
}

const PARSING = {
  prettyErrors: false,
  resolveKnownTags: false,
  schema: 'core',
  stringKeys: true,
  // They are checked in `pairs`, in linear time; the library's own check is quadratic.
  uniqueKeys: false,
} as const

const TOO_DEEP = 'This is nested too deeply.'

function syntaxProblems(errors: readonly YAMLError[], lines: Lines): readonly Problem[] {
  const problems = new Map<string, Problem>()
  for (const { pos, message } of errors) {
    // The library answers an overflow of the stack with an error of its own, and one more for each bracket.
    const deep = message.includes('call stack')
    const { line, column } = lines.at(pos[0])
    const says = deep
      ? TOO_DEEP
      : `This is not valid YAML: ${printable(message, 200)}${/[.!?]$/.test(message) ? '' : '.'}`
    problems.set(`${line}:${column}:${says}`, { path: '', says, line, column })
    if (deep || problems.size >= MOST_PROBLEMS) break
  }
  return [...problems.values()]
}

/** Where the lines of a text begin; found when first asked for. */
class Lines {
  readonly #text: string
  #starts: number[] | undefined

  constructor(text: string) {
    this.#text = text
  }

  at(offset: number): Position {
    this.#starts ??= [0, ...Array.from(this.#text.matchAll(/\n/g), ({ index }) => index + 1)]
    const starts = this.#starts
    const place = Math.min(offset, this.#text.length)
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((starts[middle] as number) <= place) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: place - (starts[low] as number) + 1 }
  }
}

/** A parsed text and where each of its nodes stands. */
export class YamlSource {
  readonly text: string
  readonly root: Node | null
  readonly #lines: Lines

  constructor(text: string, root: Node | null, lines: Lines) {
    this.text = text
    this.root = root
    this.#lines = lines
  }

  /** Give the place where a node begins; the begin of the text for a node that is not written out. */
  at(node: Node | null | undefined): Position {
    const offset = node?.range?.[0]
    if (offset === undefined) return { line: 1, column: 1 }
    return this.#lines.at(offset)
  }

  /** Quote a node as it is written. */
  quote(node: Node | null | undefined): string {
    if (!node?.range) return quote('')
    if (isScalar(node) && typeof node.value === 'string') return quote(node.value)
    return quote(this.text.slice(node.range[0], Math.min(node.range[1], node.range[0] + 100)).trimEnd())
  }

  /** Tell whether a node is written as `null`, or not at all. */
  plainNull(node: Node): boolean {
    return isScalar(node) && node.value === null
  }

  /** Make the problem of a node. */
  problem(path: string, node: Node | null | undefined, says: string): Problem {
    return { path, says, ...this.at(node) }
  }

  /** Give the entries of a map in order, each key once; a key written twice goes to `problems`. */
  pairs(map: YAMLMap, path: string, problems: Problem[]): { key: string; keyNode: Node; node: Node | null }[] {
    const seen = new Set<string>()
    const entries: { key: string; keyNode: Node; node: Node | null }[] = []
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key)) {
        problems.push(this.problem(path, key ?? map, 'A name must be a plain text.'))
        continue
      }
      const name = String(key.value)
      if (seen.has(name)) problems.push(this.problem(path, key, `${quote(name)} stands here twice: remove one.`))
      else entries.push({ key: name, keyNode: key, node: value })
      seen.add(name)
    }
    return entries
  }

  /** Turn a node into plain data: maps without a prototype, no aliases; what cannot be so goes to `problems`. */
  plain(node: Node | null, path: string, problems: Problem[], depth = 0): unknown {
    if (node === null) return null
    if (isScalar(node)) return node.value
    if (depth > MOST_DEPTH) {
      problems.push(this.problem(path, node, TOO_DEEP))
      return undefined
    }
    if (isSeq<Node | null>(node)) {
      return node.items.map((item, index) => this.plain(item, `${path}[${index}]`, problems, depth + 1))
    }
    if (isMap(node)) {
      const data: Record<string, unknown> = Object.create(null)
      for (const { key, node: value } of this.pairs(node, path, problems)) {
        data[key] = this.plain(value, `${path}.${key}`, problems, depth + 1)
      }
      return data
    }
    const what = isAlias(node) ? `The alias *${node.source} is not taken here` : 'This is not taken here'
    problems.push(this.problem(path, node, `${what}: write the value out (in quotes if it begins with *).`))
    return undefined
  }
}

/** Follow indices and names from a node as far as they lead; gives the deepest node on the way. */
export function nodeUnder(node: Node | null, path: readonly (string | number)[]): Node | null {
  let here = node
  for (const step of path) {
    const next =
      isSeq<Node | null>(here) || isMap(here) ? (here.get(step as number, true) as Node | undefined) : undefined
    if (!next?.range) return here
    here = next
  }
  return here
}
