/** The one shape of every command: what it is called, what it takes, and what it does. */
import type { Api } from './api-client.ts'

export interface OptionDeclaration {
  /** What follows the option, for the help (`FILE`); absent: it is a switch. */
  readonly value?: string
  /** It may be given several times. */
  readonly many?: boolean
  /** The command makes no sense without it. */
  readonly needed?: boolean
  readonly about: string
}

export interface Command {
  /** The words that call it: `settings set`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the name, in order: `NAME` is needed, `[NAME]` may be left out, `NAME…` is one or more. */
  readonly takes: readonly string[]
  readonly options: Readonly<Record<string, OptionDeclaration>>
  /** Whole command lines that work as they stand. */
  readonly examples: readonly string[]
  /** More words for `--help`. */
  readonly about?: string
  readonly run: (call: Call) => Promise<Answer | undefined>
}

/** What a command gives back: `data` is printed with `--json`, `text` without. */
export interface Answer {
  readonly data: unknown
  readonly text: string
  /** The exit code; 0 when absent. */
  readonly code?: number
  /** What was done, and is probably not meant; printed on standard error, a line each. */
  readonly warnings?: readonly string[]
}

/** One call of a command: its arguments, and the world it may touch. */
export interface Call {
  readonly args: readonly string[]
  readonly options: ParsedOptions
  readonly api: Api
  readonly dataDir: string
  readonly terminal: Terminal
  readonly runtime: Runtime
}

/** The options of a call, by their names without dashes. */
export interface ParsedOptions {
  flag(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
}

/** Where a command reads and prints. */
export interface Terminal {
  /** Print text as it is, at once. For what cannot wait for the end: `logs --follow`, a question. */
  print(text: string): void
  /** Print a remark on standard error. */
  remark(text: string): void
  /** Read all of standard input as UTF-8, at most `mostBytes`. */
  readInput(mostBytes: number): Promise<string>
  /** Ask for a line without showing it; undefined when nobody sits there. */
  askSecret(question: string): Promise<string | undefined>
  /** Ask for a yes; undefined when nobody sits there. */
  askYes(question: string): Promise<boolean | undefined>
}

/** What only `serve` and `restore` need: the server itself, and the store's files while it does not run. */
export interface Runtime {
  readonly version: string
  serve(options: ServeOptions): Promise<number>
  restore(options: { readonly from: string; readonly dataDir: string }): Promise<void>
}

export interface ServeOptions {
  readonly dataDir: string
  readonly provisionFile?: string
  readonly ports?: 'high' | 'standard'
}

/** A command that cannot go on: one line that says what failed and what to do. Exit code 1, or 2 for a wrong command line. */
export class CommandError extends Error {
  readonly code: number

  constructor(message: string, code = 1) {
    super(message)
    this.name = 'CommandError'
    this.code = code
  }
}
