import { formatPairs } from '#base/table.ts'
import type { Command, OptionDeclaration } from './command.ts'

/** Write the line that shows how a command is called. */
export function usageOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, option]) => {
    const dots = option.many === true ? '…' : ''
    const text = `--${name}${option.value === undefined ? '' : ` ${option.value}`}`
    return option.needed === true ? text + dots : `[${text}]${dots}`
  })
  return ['postern', command.name, ...command.takes, ...options].join(' ')
}

/** Write the help of one command. */
export function helpOf(command: Command, common: Readonly<Record<string, OptionDeclaration>>): string {
  const options = Object.entries({ ...command.options, ...common }).map(
    ([name, option]) => [`--${name}${option.value === undefined ? '' : ` ${option.value}`}`, option.about] as const,
  )
  return [
    `${usageOf(command)}`,
    '',
    command.summary,
    ...(command.about === undefined ? [] : ['', command.about]),
    '',
    'Options:',
    formatPairs(options, '  '),
    '',
    command.examples.length === 1 ? 'Example:' : 'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n')
}

/** Write the list of commands, or of those that begin with these words (`settings`, `blocks never`). */
export function overviewOf(commands: readonly Command[], group?: string): string {
  const shown =
    group === undefined ? commands : commands.filter(({ name }) => name === group || name.startsWith(`${group} `))
  return [
    `postern${group === undefined ? '' : ` ${group}`} COMMAND [OPTIONS]`,
    '',
    formatPairs(
      shown.map((command) => [[command.name, ...command.takes].join(' '), command.summary]),
      '  ',
    ),
    '',
    'Each command has --help with an example, --json for machines, and --data DIR for the data directory',
    '(else $POSTERN_DATA, else ./data).',
  ].join('\n')
}
