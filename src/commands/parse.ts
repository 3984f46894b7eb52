import { parseArgs } from 'node:util'
import { type Command, CommandError, type OptionDeclaration, type ParsedOptions } from './command.ts'
import { usageOf } from './usage.ts'

/** What every command understands. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionDeclaration>> = {
  data: { value: 'DIR', about: "The server's data directory; else $POSTERN_DATA, else ./data." },
  json: { about: 'Print JSON, for machines.' },
  help: { about: 'Show this help.' },
}

export interface ParsedCall {
  readonly args: readonly string[]
  readonly options: ParsedOptions
}

/** Find the command that the first words call; undefined when there is none. The rest are its arguments. */
export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const length of [3, 2, 1]) {
    const name = argv.slice(0, length).join(' ')
    const command = argv.length >= length ? commands.find((candidate) => candidate.name === name) : undefined
    if (command !== undefined) return { command, rest: argv.slice(length) }
  }
  return undefined
}

/** Read the options and arguments of one command. Throws a CommandError (code 2) that shows the usage. */
export function parseCall(command: Command, argv: readonly string[]): ParsedCall {
  const declared = { ...command.options, ...COMMON_OPTIONS }
  const config = Object.fromEntries(
    Object.entries(declared).map(([name, option]) => [
      name,
      { type: option.value === undefined ? ('boolean' as const) : ('string' as const), multiple: option.many === true },
    ]),
  )
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options: config, allowPositionals: true, strict: true })
  } catch (error) {
    // The message of parseArgs names the option; what follows the first sentence is about parseArgs itself.
    const [first = ''] = (error as Error).message.split('. ')
    const hint = /^Unknown option '-\d/.test(first) ? ' (no value is less than 0)' : ''
    throw wrongUsage(command, first + hint)
  }
  if (parsed.values.help !== true) {
    checkCount(command, parsed.positionals)
    for (const [name, { needed, value }] of Object.entries(command.options)) {
      if (needed === true && parsed.values[name] === undefined)
        throw wrongUsage(command, `--${name} ${value} is missing`)
    }
  }
  return { args: parsed.positionals, options: optionsOf(parsed.values) }
}

function checkCount(command: Command, args: readonly string[]): void {
  const needed = command.takes.filter((name) => !name.startsWith('['))
  const most = command.takes.some((name) => name.includes('…')) ? Number.POSITIVE_INFINITY : command.takes.length
  if (args.length < needed.length) throw wrongUsage(command, `${needed[args.length]?.replace('…', '')} is missing`)
  if (args.length > most) throw wrongUsage(command, `Unexpected argument '${args[most]}'`)
}

function wrongUsage(command: Command, what: string): CommandError {
  return new CommandError(`${what}. Usage: ${usageOf(command)} (see: postern ${command.name} --help)`, 2)
}

function optionsOf(values: Record<string, unknown>): ParsedOptions {
  return {
    flag: (name) => values[name] === true,
    text(name) {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    texts(name) {
      const value = values[name]
      return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
    },
  }
}
