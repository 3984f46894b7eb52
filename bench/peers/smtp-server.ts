/** nodemailer's smtp-server from npm, which throws mail away. Run by itself, it is the server; imported, it starts that. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { freePort, type Peer, startProgram } from './peer.ts'

/** Start smtp-server in a process of its own. */
export async function startSmtpServer(): Promise<Peer> {
  const port = await freePort()
  const command = [process.execPath, fileURLToPath(import.meta.url), String(port)]
  const { pid, stop } = await startProgram(command, port)
  return { name: 'smtp-server', durable: false, port, pid, stop }
}

interface Message {
  resume(): void
  once(event: 'end', run: () => void): void
}

if (import.meta.main) {
  const { SMTPServer } = createRequire(import.meta.url)('smtp-server')
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    maxClients: Number.POSITIVE_INFINITY,
    onData(message: Message, _session: unknown, done: () => void) {
      message.resume()
      message.once('end', done)
    },
  })
  server.listen(Number(process.argv[2]), '127.0.0.1')
}
