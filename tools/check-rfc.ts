/** List the sections of RFCs that the code names, section by line (`--list`), and check that each is written one way. */
import { lineOf, report, type SourceFile, sourceFiles } from './source-files.ts'

export interface Reference {
  readonly rfc: number
  /** Empty where the whole RFC is meant. */
  readonly section: string
  readonly where: string
}

/** Find the references of one file, and those that are not written `RFC 5321 §4.5.3.1.10`. */
export function referencesOf({ path, text }: SourceFile): { readonly good: Reference[]; readonly bad: string[] } {
  const good: Reference[] = []
  const bad: string[] = []
  for (const match of text.matchAll(
    /\bRFCs?[ \t-]?\d{3,5}\b(?:,?[ \t]*(?:§+|sections?\b|sec\.)[ \t]*[A-Z]?[\d.]*)?/gi,
  )) {
    const where = `${path}:${lineOf(text, match.index)}`
    const written = match[0].replace(/\.$/, '')
    // A type's name: message/rfc822, rfc822;address.
    if (written === 'rfc822') continue
    const parts = /^RFC (\d{3,5})(?: §(\d+(?:\.\d+)*|[A-Z](?:\.\d+)*))?$/.exec(written)
    if (parts === null) bad.push(`${where}: "${written}"`)
    else good.push({ rfc: Number(parts[1]), section: parts[2] ?? '', where })
  }
  return { good, bad }
}

if (import.meta.main) {
  const found = sourceFiles('src').map(referencesOf)
  if (process.argv.includes('--list')) printTable(found.flatMap(({ good }) => good))
  report(
    found.flatMap(({ bad }) => bad),
    'Write a reference as RFC 5321 §4.5.3.1.10.',
  )
}

function printTable(references: readonly Reference[]): void {
  const byPlace = (a: Reference, b: Reference) =>
    a.rfc - b.rfc || a.section.localeCompare(b.section, 'en', { numeric: true }) || a.where.localeCompare(b.where)
  for (const { rfc, section, where } of references.toSorted(byPlace)) {
    console.log(`RFC ${rfc}${section === '' ? '' : ` §${section}`}\t${where}`)
  }
}
