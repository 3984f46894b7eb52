/** Haraka from npm: takes mail for one domain and writes each message into a file, without fsync. */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyFolder, freePort, type Peer, ROOT, startProgram } from './peer.ts'

const PACKAGE = join(ROOT, 'bench/node_modules/haraka')

/** Start Haraka with as many processes as there are processors. */
export async function startHaraka(domain: string): Promise<Peer> {
  const dir = emptyFolder('haraka')
  const port = await freePort()
  const mail = join(dir, 'mail')
  mkdirSync(mail)
  cpSync(join(PACKAGE, 'config'), join(dir, 'config'), { recursive: true })
  const files: Readonly<Record<string, string>> = {
    'smtp.ini': `listen=127.0.0.1:${port}\nnodes=cpus\n`,
    'log.ini': 'level=warn\n',
    plugins: 'rcpt_to.in_host_list\nqueue/test\n',
    host_list: `${domain}\n`,
    me: `mail.${domain}\n`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'config', name), text)
  const command = [process.execPath, join(PACKAGE, 'bin/haraka'), '-c', dir]
  const { pid, stop } = await startProgram(command, port, { env: { ...process.env, TMPDIR: mail } })
  const kept = async () => readdirSync(mail).filter((name) => name.startsWith('mail_')).length
  return { name: 'Haraka', durable: false, port, pid, kept, stop }
}
