/** The way in: the only reader of the command line and the environment. What each command does is in src/commands/. */
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { userInfo } from 'node:os'
import type { Runtime } from '#commands/command.ts'
import { runCommandLine } from '#commands/run.ts'
import { openTerminal } from '#commands/terminal.ts'
import { untilStopped } from '#commands/until-stopped.ts'

const packageFile = new URL('../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
const terminal = openTerminal(process)
let serving = false

/** End as on SIGTERM when the process that started this one is gone, however it went (see bin/postern). */
function endWithParent(fd: string | undefined): void {
  if (fd !== '3') return
  delete process.env.POSTERN_PARENT_PIPE
  const pipe = new Socket({ fd: 3, readable: true, writable: false })
  pipe.on('error', () => {})
  pipe.on('close', () => process.kill(process.pid, 'SIGTERM'))
  pipe.resume().unref()
}

/** Who calls, for the history: through sudo, who called that. */
function callerName(): string {
  try {
    return process.env.SUDO_USER ?? userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** The server and the store's files are loaded only by the commands that need them: the others start quickly. */
const runtime: Runtime = {
  version,
  async serve({ ports, ...options }) {
    serving = true
    const { startServer } = await import('./server.ts')
    const server = await startServer({
      ...options,
      version,
      // Ports below 1024 are root's.
      ports: ports ?? (process.getuid?.() === 0 ? 'standard' : 'high'),
      opened: ({ service, host, port }) => {
        terminal.print(`listening ${service} ${host.includes(':') ? `[${host}]` : host}:${port}\n`)
      },
    })
    // It listens for signals before anyone is told that they may send one.
    const ended = untilStopped(server, terminal, process.exit)
    terminal.print('ready\n')
    return ended
  },
  async restore({ from, dataDir }) {
    const { restore } = await import('./server.ts')
    restore({ from, dataDir })
  },
}

endWithParent(process.env.POSTERN_PARENT_PIPE)
// `postern logs | head` closes our output early: that is no error. A server goes on without it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!serving) process.exit(error.code === 'EPIPE' ? 0 : 1)
})
process.exitCode = await runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  user: callerName(),
  terminal,
  runtime,
})
