/** Haraka from npm: keeps each message for one domain in a file. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { harakaFolder } from '../../../tools/npm-peers.ts'
import type { Certificate } from './certificates.ts'
import { freePort, greets, type Place, peerDir, type RunningProgram, startProgram } from './program.ts'

/** node:test's `skip` for tests that need it. */
export const harakaSkip: string | false =
  harakaFolder() === undefined && 'needs Haraka, which npm test installs in bench/'

export interface RunningHaraka extends RunningProgram {
  readonly port: number
  /** The messages taken, as they came (CRLF). */
  mail(): readonly Buffer[]
}

/** Start Haraka: it takes mail to every address of a domain, over STARTTLS when the client wants. */
export async function startHaraka(
  options: { readonly domain: string; readonly certificate: Certificate } & Partial<Place>,
): Promise<RunningHaraka> {
  const folder = harakaFolder()
  if (folder === undefined) throw new Error(`cannot start Haraka: ${String(harakaSkip)}`)
  const { ip = '127.0.0.1', domain, certificate } = options
  const dir = peerDir('haraka')
  const port = options.port ?? (await freePort(ip))
  const mail = join(dir, 'mail')
  mkdirSync(mail)
  cpSync(join(folder, 'config'), join(dir, 'config'), { recursive: true })
  const files: Readonly<Record<string, string>> = {
    'smtp.ini': `listen=${ip}:${port}\n`,
    'log.ini': 'level=warn\n',
    plugins: 'tls\nrcpt_to.in_host_list\nqueue/test\n',
    'tls.ini': `key=${certificate.keyFile}\ncert=${certificate.certFile}\n`,
    host_list: `${domain}\n`,
    me: `mx.${domain}\n`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'config', name), text)
  const running = await startProgram([process.execPath, join(folder, 'bin/haraka'), '-c', dir], {
    dir,
    env: { ...process.env, TMPDIR: mail },
    ready: () => greets(port, 'greets', ip),
  })
  return {
    ...running,
    port,
    mail: () =>
      readdirSync(mail)
        .filter((name) => name.startsWith('mail_'))
        .map((name) => readFileSync(join(mail, name))),
  }
}
