/** OpenSMTPD from its Debian package: keeps mail of its own mailboxes in Maildirs. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NOBODY } from '../../../tools/debian-users.ts'
import { asInstalled, needsInstalled } from './as-installed.ts'
import type { Certificate } from './certificates.ts'
import { readMaildir } from './maildir.ts'
import { freePort, greets, type Place, peerDir, peerFolder, type RunningProgram, startProgram } from './program.ts'

/** node:test's `skip` for tests that need it. */
export const openSmtpdSkip: string | false = needsInstalled('opensmtpd')

const USERS = [
  { name: 'opensmtpd', uid: 61_002 },
  { name: 'opensmtpq', uid: 61_003 },
] as const

export interface OpenSmtpdOptions {
  readonly hostname: string
  /** Its address and port; a free port of 127.0.0.1 otherwise. */
  readonly ip?: string
  readonly port?: number
  /** Addresses that it keeps mail for, all of one domain; others are refused. */
  readonly mailboxes: readonly string[]
  /** Offer STARTTLS with this, which then fails: OpenSMTPD 6.8 cannot sign with OpenSSL 3. */
  readonly brokenTls?: Certificate
}

export interface RunningOpenSmtpd extends RunningProgram {
  readonly port: number
  /** The messages kept for an address, as they stand there (LF). */
  mail(address: string): readonly Buffer[]
}

/** Start OpenSMTPD. */
export async function startOpenSmtpd(options: OpenSmtpdOptions): Promise<RunningOpenSmtpd> {
  const dir = peerDir('opensmtpd')
  const { ip = '127.0.0.1' } = options
  const port = options.port ?? (await freePort(ip))
  mkdirSync(join(dir, 'mail'))
  chmodSync(join(dir, 'mail'), 0o777)
  // It takes no key that others may read.
  if (options.brokenTls !== undefined)
    writeFileSync(join(dir, 'key'), readFileSync(options.brokenTls.keyFile), { mode: 0o600 })
  writeFileSync(join(dir, 'smtpd.conf'), configuration(dir, { ...options, ip, port }), { mode: 0o644 })
  // The user that runs it is checked by its rights on the spool.
  const spool = (name: string, mode: string, owner: string) => ({ path: `/var/spool/smtpd${name}`, mode, owner })
  const command = asInstalled(
    {
      root: peerFolder('opensmtpd'),
      dir,
      users: USERS,
      empty: ['/var/spool', '/var/lib', '/run'],
      folders: [
        { path: '/var/lib/opensmtpd/empty', mode: '755', owner: 'root' },
        spool('', '711', 'root'),
        spool('/queue', '700', 'opensmtpq'),
        spool('/purge', '700', 'opensmtpq'),
        spool('/temporary', '700', 'opensmtpq'),
        spool('/incoming', '700', 'opensmtpq'),
        spool('/corrupt', '700', 'opensmtpq'),
      ],
    },
    ['/usr/sbin/smtpd', '-d', '-f', join(dir, 'smtpd.conf')],
  )
  const running = await startProgram(command, { dir, ready: () => greets(port, 'greets', ip) })
  return { ...running, port, mail: (address) => readMaildir(join(dir, 'mail', address.split('@')[0] as string)) }
}

function configuration(dir: string, { hostname, mailboxes, brokenTls, ip, port }: OpenSmtpdOptions & Place): string {
  return `
${brokenTls === undefined ? '' : `pki own cert "${brokenTls.certFile}"\npki own key "${dir}/key"`}
table mailboxes { ${mailboxes.map((address) => `"${address}" = ${NOBODY.name}`).join(', ')} }
listen on ${ip} port ${port} hostname ${hostname}${brokenTls === undefined ? '' : ' tls pki own'}
action "keep" maildir "${dir}/mail/%{rcpt.user}" virtual <mailboxes>
match from any for domain "${mailboxes[0]?.split('@')[1]}" action "keep"
`
}
