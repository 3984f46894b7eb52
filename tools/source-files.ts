/** The files that the checks read. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly text: string
}

/** List the TypeScript files under folders of the root, sorted. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT, exclude: (name) => name === 'node_modules' }))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** Give the number of the line that an offset into a text is on, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Print what a check found, one finding a line, and end with exit code 1 if there is any. */
export function report(findings: readonly string[], wanted: string): void {
  for (const finding of findings) console.error(finding)
  if (findings.length > 0) console.error(`${findings.length} found. ${wanted}`)
  process.exitCode = findings.length > 0 ? 1 : 0
}
