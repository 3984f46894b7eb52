import { resolve } from 'node:path'
import type { BackupMade, Status } from '#admin/api.ts'
import { type Call, type Command, CommandError } from './command.ts'
import { formatBytes } from './quantities.ts'

async function serverRuns({ api }: Call): Promise<boolean> {
  try {
    await api.get<Status>('/api/status')
    return true
  } catch (error) {
    // Only "nobody answers" means that it does not run; "you may not ask" does not.
    if (error instanceof CommandError && error.message.startsWith('The server is not running')) return false
    throw error
  }
}

export const BACKUP_COMMANDS: readonly Command[] = [
  {
    name: 'backup',
    summary: 'Write a consistent copy of the whole store into a file, while the server runs.',
    takes: ['FILE'],
    options: {},
    about: 'The server writes the file with its own rights; it must not exist yet.',
    examples: ['postern backup /var/backups/postern-monday.db'],
    async run({ api, args: [file = ''] }) {
      const made = await api.send<BackupMade>('POST', '/api/backup', { file: resolve(file) })
      return { data: made, text: `Wrote ${formatBytes(made.bytes)} to ${made.file}.` }
    },
  },
  {
    name: 'restore',
    summary: 'Put a backup in the place of the store; the server must not run.',
    takes: ['FILE'],
    options: { yes: { about: 'Do not ask.' } },
    about: 'What the data directory holds now is replaced.',
    examples: ['postern restore /var/backups/postern-monday.db --yes'],
    async run(call) {
      const { args, dataDir, options, runtime, terminal } = call
      const from = resolve(args[0] ?? '')
      if (await serverRuns(call)) {
        throw new CommandError(`The server runs on ${dataDir}: stop it first, then restore`)
      }
      const sure = options.flag('yes') || (await terminal.askYes(`Replace what is in ${dataDir} by ${from}?`))
      if (sure === undefined) throw new CommandError(`This replaces what is in ${dataDir}: say --yes`, 2)
      if (!sure) throw new CommandError('Nothing was restored')
      await runtime.restore({ from, dataDir })
      return {
        data: { from, dataDir },
        text: `Restored ${from} into ${dataDir}. Start the server with: postern serve --data ${dataDir}`,
      }
    },
  },
]
