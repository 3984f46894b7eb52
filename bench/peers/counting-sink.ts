/** smtp-sink that tells how many messages it has taken so far: the far end of mail that others relay. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DAEMON } from '../../tools/debian-users.ts'
import { freePort } from './peer.ts'
import { postfixEnvironment, postfixFolder } from './postfix.ts'

export interface CountingSink {
  readonly port: number
  /** Messages taken since its start. */
  count(): number
  /** Wait until it has taken so many; rejects after two minutes without one more. */
  reached(total: number): Promise<void>
  stop(): Promise<void>
}

const STALLED_MS = 120_000

/** Start smtp-sink; `flags` make it slow or refuse (`-r RCPT`). */
export async function startCountingSink(flags: readonly string[] = []): Promise<CountingSink> {
  const port = await freePort()
  const program = join(postfixFolder(), 'usr/sbin/smtp-sink')
  const command = [program, '-c', ...flags, '-u', DAEMON.name, `127.0.0.1:${port}`, '1000']
  // It ends with the bench, however that goes.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
    env: postfixEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let taken = 0
  let told = () => {}
  child.stdout.on('data', (chunk: Buffer) => {
    // It tells after each message: the last word is the count.
    const text = chunk.toString('latin1')
    const at = text.lastIndexOf('mesg=')
    const count = Number.parseInt(text.slice(at + 5), 10)
    // A word that a chunk has cut is told anew with the next message; a cut number is too small.
    if (at >= 0 && count > taken) taken = count
    told()
  })
  await listening(port, child)
  return {
    port,
    count: () => taken,
    async reached(total) {
      let lastCount = -1
      let lastMs = 0
      while (taken < total) {
        if (taken > lastCount) {
          lastCount = taken
          lastMs = performance.now()
        }
        if (performance.now() - lastMs > STALLED_MS) throw new Error(`the sink has ${taken} of ${total} messages`)
        await Promise.race([new Promise<void>((resolve) => (told = resolve)), pause(1000)])
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`smtp-sink ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const heard = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (heard) return
    await pause(50)
  }
  throw new Error('smtp-sink does not listen')
}
