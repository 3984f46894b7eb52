import { resolve } from 'node:path'
import { type Command, CommandError } from './command.ts'

export const SERVE_COMMAND: Command = {
  name: 'serve',
  summary: 'Run the server, until it is told to stop (Ctrl-C, SIGTERM).',
  takes: [],
  options: {
    provision: {
      value: 'FILE',
      about: 'Set what this file names (settings, domains, users, aliases) before listening.',
    },
    ports: {
      value: 'high|standard',
      about: 'high: 2525, 2587, 2465, 2110, 2995; standard: 25, 587, 465, 110, 995. Else as the rights allow.',
    },
  },
  examples: ['postern serve', 'postern serve --data /var/lib/postern --provision provision.yaml'],
  async run({ dataDir, options, runtime }) {
    const ports = options.text('ports')
    if (ports !== undefined && ports !== 'high' && ports !== 'standard') {
      throw new CommandError(`Cannot use --ports "${ports}": expected high or standard`, 2)
    }
    const provision = options.text('provision')
    const code = await runtime.serve({
      dataDir,
      ...(provision === undefined ? {} : { provisionFile: resolve(provision) }),
      ...(ports === undefined ? {} : { ports }),
    })
    return { data: undefined, text: '', code }
  },
}
