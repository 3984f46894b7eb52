import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type CertificateFiles, loadCertificate } from './certificate.ts'
import { Fault, messageOf } from './fault.ts'

const YEARS_MS = 10 * 365.25 * 86_400_000
/** Clocks of clients may be behind ours. */
const BACKDATED_MS = 86_400_000

/**
 * Give the files of this server's own certificate, `DIR/self-signed.pem` with key and certificate in one, so that no crash
 * leaves half a pair. Makes it at the first start, and again when it has expired or is damaged.
 */
export async function ensureSelfSigned(setup: {
  readonly dir: string
  readonly hostname: string
  readonly nowMs: number
}): Promise<CertificateFiles> {
  const { dir, nowMs } = setup
  const file = join(dir, 'self-signed.pem')
  const files: CertificateFiles = { certificateFile: file, keyFile: file }
  const usable = await loadCertificate(files, nowMs).then(
    ({ expiresMs }) => expiresMs > nowMs,
    () => false,
  )
  if (usable) return files
  const pem = await makeSelfSigned(setup.hostname, nowMs)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await replaceFile(file, pem)
  } catch (error) {
    throw new Fault(`Cannot write certificate ${file}: ${messageOf(error)}; let this server's user write there`, {
      temporary: false,
      cause: error,
    })
  }
  return files
}

/** Make key and certificate for a host name or address, as one PEM text: ECDSA P-256, valid for ten years. */
export async function makeSelfSigned(hostname: string, nowMs: number): Promise<string> {
  // Loaded when needed: it is big, and needed once in ten years.
  const { generate } = await import('selfsigned')
  // RFC 5280 §A.1 ub-common-name: 64 characters; the name that counts is the alternative one.
  const commonName = hostname.length <= 64 ? hostname : 'Postern'
  const pair = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - BACKDATED_MS),
    notAfterDate: new Date(nowMs + YEARS_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [isIP(hostname) === 0 ? { type: 2, value: hostname } : { type: 7, ip: hostname }],
      },
    ],
  })
  return `${pair.private.trim()}\n${pair.cert.trim()}\n`
}

/** Put a file in place whole or not at all, readable by its owner alone. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
