/** Dovecot from Debian: mailboxes filled over LMTP and read over POP3, and the logins of other servers (SASL). */

import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NOBODY } from '../../../tools/debian-users.ts'
import { programPath } from '../needs.ts'
import type { Certificate } from './certificates.ts'
import { readMaildir } from './maildir.ts'
import { freePort, greets, peerDir, type RunningProgram, startProgram } from './program.ts'

/** node:test's `skip` for tests that need it. */
export const dovecotSkip: string | false =
  process.getuid?.() !== 0
    ? 'needs root, as Dovecot does'
    : (programPath('dovecot') === undefined || !existsSync('/usr/lib/dovecot/lmtp')) &&
      'needs the Debian packages dovecot-core, dovecot-pop3d and dovecot-lmtpd'

export interface DovecotOptions {
  /** Its mailboxes, and their passwords. */
  readonly users: Readonly<Record<string, string>>
  /** Offer STARTTLS over LMTP with this. */
  readonly certificate?: Certificate
  /** Open a socket on which this user (another server: Postfix) may ask about logins. */
  readonly authFor?: string
}

export interface RunningDovecot extends RunningProgram {
  readonly lmtpPort: number
  readonly popPort: number
  /** Where logins are asked about. */
  readonly authSocket: string
  log(): string
  /** The messages in a mailbox, as they stand there. */
  mail(address: string): readonly Buffer[]
}

/** Start Dovecot. */
export async function startDovecot(options: DovecotOptions): Promise<RunningDovecot> {
  const dir = peerDir('dovecot')
  const lmtpPort = await freePort()
  const popPort = await freePort()
  for (const folder of ['run', 'mail']) mkdirSync(join(dir, folder))
  chownSync(join(dir, 'mail'), NOBODY.uid, NOBODY.gid)
  const users = Object.entries(options.users).map(([user, password]) => `${user}:{PLAIN}${password}\n`)
  writeFileSync(join(dir, 'users'), users.join(''))
  writeFileSync(join(dir, 'dovecot.conf'), configuration(dir, { ...options, lmtpPort, popPort }))
  const logFile = join(dir, 'log')
  const running = await startProgram(['dovecot', '-F', '-c', join(dir, 'dovecot.conf')], {
    dir,
    log: logFile,
    ready: async () => (await greets(popPort)) && (await greets(lmtpPort)),
  })
  return {
    ...running,
    lmtpPort,
    popPort,
    authSocket: join(dir, 'auth'),
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    mail: (address) => readMaildir(join(dir, 'mail', address, 'Maildir')),
  }
}

function configuration(
  dir: string,
  { certificate, authFor, lmtpPort, popPort }: DovecotOptions & { readonly lmtpPort: number; readonly popPort: number },
): string {
  const tls =
    certificate === undefined
      ? 'ssl = no'
      : `ssl = yes\nssl_cert = <${certificate.certFile}\nssl_key = <${certificate.keyFile}`
  const socket =
    authFor === undefined
      ? ''
      : `service auth {\n  unix_listener ${dir}/auth {\n    mode = 0660\n    user = ${authFor}\n  }\n}`
  return `
base_dir = ${dir}/run
state_dir = ${dir}/run
protocols = lmtp pop3
listen = 127.0.0.1
${tls}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
log_path = ${dir}/log
first_valid_uid = 1
mail_location = maildir:~/Maildir
maildir_stat_dirs = no
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${dir}/users
}
userdb {
  driver = static
  args = uid=${NOBODY.uid} gid=${NOBODY.gid} home=${dir}/mail/%u
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
service pop3-login {
  inet_listener pop3 {
    address = 127.0.0.1
    port = ${popPort}
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
${socket}
`
}
