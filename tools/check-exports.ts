/** Check that each exported function and class of src/ says what it does: a function's line starts with a verb. */
import { lineOf, report, type SourceFile, sourceFiles } from './source-files.ts'

/** Words that begin a description but no instruction; a verb in the third person is caught by its ending. */
const NO_VERB =
  /^(?:an?|the|this|these|it|its|our|we|whether|true|false|when|if|for|to|class|function|helper|same|used)$/i

/** Find the exported functions and classes of one file that lack their line; each finding is one line. */
export function checkFile({ path, text }: SourceFile): readonly string[] {
  const findings: string[] = []
  for (const match of text.matchAll(/^export (?:async )?(function\*?|(?:abstract )?class) ([\w$]+)/gm)) {
    const where = `${path}:${lineOf(text, match.index)}: ${match[2]}`
    // An overload shares the line of the first one.
    if (match[1] === 'function' && isOverload(text, match.index, match[2] as string)) continue
    const doc = docBefore(text, match.index)
    if (doc === undefined) findings.push(`${where}: no line of documentation`)
    else if (match[1]?.startsWith('function') && !startsWithVerb(doc)) findings.push(`${where}: "${doc.slice(0, 40)}"`)
  }
  return findings
}

function isOverload(text: string, offset: number, name: string): boolean {
  const before = text.slice(0, offset).trimEnd()
  const lastLine = before.slice(before.lastIndexOf('\n') + 1)
  return new RegExp(`^(export (async )?function ${name.replaceAll('$', '\\$')}\\b|\\): )`).test(lastLine)
}

function docBefore(text: string, offset: number): string | undefined {
  const before = text.slice(0, offset).trimEnd()
  if (!before.endsWith('*/')) return undefined
  const comment = before.slice(before.lastIndexOf('/*'))
  return comment.startsWith('/**') ? comment.replace(/^\/\*\*\s*(?:\*\s*)?/, '') : undefined
}

function startsWithVerb(doc: string): boolean {
  const word = /^[A-Za-z-]+/.exec(doc)?.[0] ?? ''
  if (word === '' || NO_VERB.test(word)) return false
  return /^[A-Z]/.test(word) && !/[^s]s$/.test(word)
}

if (import.meta.main) {
  report(sourceFiles('src').flatMap(checkFile), 'Write /** Verb what it does. */ above it ("Parse one address ...").')
}
