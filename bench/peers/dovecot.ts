/** Dovecot's POP3 server from Debian, with settings, mail and a port of its own. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasApt, installPackages, missingPackages } from '../../tools/debian-packages.ts'
import { emptyFolder, freePort, type Peer, startProgram } from './peer.ts'

const NOBODY = 65_534

/** Say why Dovecot cannot run here; undefined when it can. As root, what is missing is installed first. */
export function dovecotMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'Dovecot needs root'
  if (!hasApt()) return 'Dovecot comes from Debian, which this machine does not run'
  const missing = missingPackages(['dovecot-core', 'dovecot-pop3d'])
  if (missing.length === 0) return undefined
  return installPackages(missing, (line) => process.stderr.write(`${line}\n`))
}

/** Start Dovecot on a Maildir that holds these messages (CRLF line ends, as they travel). */
export async function startDovecot(messages: readonly Uint8Array[]): Promise<Peer> {
  const dir = emptyFolder('dovecot')
  const port = await freePort()
  const maildir = join(dir, 'mail/Maildir')
  for (const folder of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, folder), { recursive: true })
  for (const [index, message] of messages.entries()) {
    // The size stands in the name, as Dovecot's own delivery writes it, so that LIST need not open every file.
    const name = `17${String(index).padStart(8, '0')}.M1P1.bench,S=${message.length},W=${message.length}:2,`
    const file = join(maildir, 'cur', name)
    writeFileSync(file, message)
    chownSync(file, NOBODY, NOBODY)
  }
  for (const folder of [join(dir, 'mail'), maildir, ...['cur', 'new', 'tmp'].map((name) => join(maildir, name))]) {
    chownSync(folder, NOBODY, NOBODY)
  }
  mkdirSync(join(dir, 'run'))
  const config = join(dir, 'dovecot.conf')
  writeFileSync(config, settings(dir, port))
  const { pid, stop } = await startProgram(['dovecot', '-F', '-c', config], port)
  return { name: 'Dovecot', durable: true, port, pid, kept: async () => messages.length, stop }
}

function settings(dir: string, port: number): string {
  return `
base_dir = ${dir}/run
state_dir = ${dir}/run
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
log_path = ${dir}/log
first_valid_uid = 1
mail_location = maildir:${dir}/mail/Maildir
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${NOBODY} gid=${NOBODY} home=${dir}/mail
}
service pop3-login {
  inet_listener pop3 {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`
}
