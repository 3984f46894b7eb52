import { join, resolve } from 'node:path'
import { Fault, messageOf } from '#base/fault.ts'
import { printable } from '#base/printable.ts'
import { openApi } from './api-client.ts'
import { type Command, CommandError, type Runtime, type Terminal } from './command.ts'
import { COMMON_OPTIONS, findCommand, parseCall } from './parse.ts'
import { COMMANDS } from './table.ts'
import { helpOf, overviewOf } from './usage.ts'

/** What a call of `postern` is given by the process it runs in. */
export interface World {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Who calls: what the server notes as the author of a change. */
  readonly user: string
  readonly terminal: Terminal
  readonly runtime: Runtime
}

/** Run one command line to its end; gives the exit code: 0, 1 for a failure, 2 for a command line that makes no sense. */
export async function runCommandLine(world: World, commands: readonly Command[] = COMMANDS): Promise<number> {
  try {
    return await dispatch(world, commands)
  } catch (error) {
    if (error instanceof CommandError) {
      world.terminal.remark(`postern: ${error.message}`)
      return error.code
    }
    // A fault is ours to tell in a line; anything else is a bug, whose story helps whoever mends it.
    const story = error instanceof Error && !(error instanceof Fault) ? error.stack : undefined
    world.terminal.remark(`postern: ${story ?? messageOf(error)}`)
    return 1
  }
}

async function dispatch({ argv, env, user, terminal, runtime }: World, commands: readonly Command[]): Promise<number> {
  const words = argv[0] === '--version' ? ['version'] : argv
  const found = findCommand(commands, words)
  if (found === undefined) return help(words, commands, terminal)

  const { command, rest } = found
  const { args, options } = parseCall(command, rest)
  if (options.flag('help')) {
    terminal.print(`${helpOf(command, COMMON_OPTIONS)}\n`)
    return 0
  }
  const dataDir = resolve(options.text('data') ?? env.POSTERN_DATA ?? 'data')
  let warned: string | undefined
  const api = openApi({
    socket: join(dataDir, 'admin.sock'),
    dataDir,
    author: `postern (${user})`,
    ...clientOf(env.SSH_CONNECTION),
    // Every answer bears it; it is said once.
    warn(warning) {
      if (warning !== warned) terminal.remark(`postern: warning: ${warning}`)
      warned = warning
    },
  })
  const answer = await command.run({ args, options, api, dataDir, terminal, runtime })
  if (answer === undefined) return 0
  for (const warning of answer.warnings ?? []) terminal.remark(`postern: warning: ${printable(warning, 2000)}`)
  if (options.flag('json')) {
    if (answer.data !== undefined) terminal.print(`${JSON.stringify(answer.data, null, 2)}\n`)
  } else if (answer.text !== '') terminal.print(`${answer.text}\n`)
  return answer.code ?? 0
}

/** Where the administrator sits, as sshd tells it: `CLIENT-IP CLIENT-PORT SERVER-IP SERVER-PORT`. */
function clientOf(connection: string | undefined): { readonly clientIp?: string } {
  const [clientIp = ''] = (connection ?? '').split(' ', 1)
  // The server decides whether it is an address; here it must only fit into a header.
  return /^[0-9a-f:.]{2,64}/i.test(clientIp) && /^[\x21-\x7e]{2,100}$/.test(clientIp) ? { clientIp } : {}
}

/** `postern help [COMMAND]`, `postern settings`, `postern --help`, and what no command is called by. */
function help(words: readonly string[], commands: readonly Command[], terminal: Terminal): number {
  const asked = words[0] === 'help' ? words.slice(1) : words.filter((word) => word !== '--help' && word !== '-h')
  const found = findCommand(commands, asked)
  if (found !== undefined) {
    terminal.print(`${helpOf(found.command, COMMON_OPTIONS)}\n`)
    return 0
  }
  const [first] = asked
  if (first === undefined) {
    terminal.print(`${overviewOf(commands)}\n`)
    return 0
  }
  // The most words that begin a command: `postern blocks`, `postern blocks never`.
  const begins = (group: string) => commands.some(({ name }) => name.startsWith(`${group} `))
  const known = asked.findLastIndex((_, at) => begins(asked.slice(0, at + 1).join(' '))) + 1
  const group = asked.slice(0, known).join(' ')
  if (known === 0) throw new CommandError(`There is no command "${first}". See: postern help`, 2)
  if (asked.length > known) {
    throw new CommandError(`There is no command "${group} ${asked[known]}". See: postern help ${group}`, 2)
  }
  terminal.print(`${overviewOf(commands, group)}\n`)
  return words.includes('help') || words.includes('--help') ? 0 : 2
}
