import type { Command } from './command.ts'

export const VERSION_COMMAND: Command = {
  name: 'version',
  summary: 'Print the version of Postern and of Node.',
  takes: [],
  options: {},
  examples: ['postern version'],
  async run({ runtime }) {
    return {
      data: { postern: runtime.version, node: process.versions.node },
      text: `Postern ${runtime.version} (Node ${process.versions.node})`,
    }
  },
}
