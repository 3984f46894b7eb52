/** smtp-sink, which comes with Postfix: takes mail and throws it away, or refuses, hangs up and dawdles as its flags say. */

import { join } from 'node:path'
import { DAEMON } from '../../../tools/debian-users.ts'
import { freePort, greets, peerDir, peerEnvironment, peerFolder, type RunningProgram, startProgram } from './program.ts'

export interface RunningSmtpSink extends RunningProgram {
  readonly port: number
  /** Messages taken so far. */
  count(): number
}

/** Start smtp-sink with these flags (smtp-sink(1)). */
export async function startSmtpSink(flags: readonly string[]): Promise<RunningSmtpSink> {
  const root = peerFolder('postfix')
  const env = peerEnvironment(root)
  const port = await freePort()
  const program = join(root, 'usr/sbin/smtp-sink')
  const running = await startProgram([program, '-c', ...flags, '-u', DAEMON.name, `127.0.0.1:${port}`, '100'], {
    dir: peerDir('smtp-sink'),
    env: { ...env, LD_LIBRARY_PATH: `${join(root, 'usr/lib/postfix')}:${env.LD_LIBRARY_PATH}` },
    ready: () => greets(port, 'silent'),
  })
  // It tells its counts again and again, without line ends.
  const count = () => Number(/.*mesg=(\d+)/s.exec(running.output())?.[1] ?? 0)
  return { ...running, port, count }
}
