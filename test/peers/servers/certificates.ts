/** An authority of the test's own, certificates by it, and TLSA records of them: openssl makes them. */
import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  /** The certificate, and its authority's where it has one (PEM). */
  readonly certFile: string
  readonly keyFile: string
  readonly x509: X509Certificate
}

export interface Authority extends Disposable {
  /** Its own certificate (PEM), for clients to trust (NODE_EXTRA_CA_CERTS). */
  readonly caFile: string
  readonly x509: X509Certificate
  /** Make a certificate for these names (and addresses), valid from today for so many days (30); 0 is one that has expired. */
  issue(names: readonly string[], options?: { readonly days?: number; readonly key?: 'ec' | 'rsa' }): Certificate
}

const NEW_KEY = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
  rsa: ['-newkey', 'rsa:2048', '-nodes'],
} as const

/** Make an authority; its files go with it. */
export function makeAuthority(): Authority {
  const dir = mkdtempSync(join(tmpdir(), 'postern-certificates-'))
  // Servers read them as users of their own; the keys guard nothing.
  chmodSync(dir, 0o755)
  const caFile = join(dir, 'ca.pem')
  const caKey = join(dir, 'ca.key')
  openssl('req', '-x509', ...NEW_KEY.ec, '-keyout', caKey, '-out', caFile, '-subj', '/CN=Test authority', '-days', '30')
  let issued = 0
  return {
    caFile,
    x509: new X509Certificate(readFileSync(caFile)),
    issue(names, { days = 30, key = 'ec' } = {}) {
      issued += 1
      const file = (ending: string) => join(dir, `${issued}.${ending}`)
      const alternatives = names.map((name) => `${/^[\d.]+$|:/.test(name) ? 'IP' : 'DNS'}:${name}`).join(',')
      writeFileSync(file('ext'), `subjectAltName=${alternatives}\n`)
      openssl('req', ...NEW_KEY[key], '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${names[0]}`)
      const signed = ['-CA', caFile, '-CAkey', caKey, '-set_serial', String(issued), '-days', String(days)]
      openssl('x509', '-req', '-in', file('csr'), '-out', file('pem'), '-extfile', file('ext'), ...signed)
      chmodSync(file('key'), 0o644)
      const own = readFileSync(file('pem'), 'utf8')
      writeFileSync(file('pem'), own + readFileSync(caFile, 'utf8'))
      return { certFile: file('pem'), keyFile: file('key'), x509: new X509Certificate(own) }
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Give the data of a TLSA record by its key and SHA-256: `3 1 1 …` for a server's own, `2 1 1 …` for its authority (RFC 6698 §2.1). */
export function tlsaData(usage: 2 | 3, x509: X509Certificate): string {
  const key = x509.publicKey.export({ type: 'spki', format: 'der' })
  return `${usage} 1 1 ${createHash('sha256').update(key).digest('hex')}`
}

function openssl(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args.join(' ')} failed: ${error?.message ?? stderr}`)
}
