/** The certificate shown to clients: made, loaded, checked and watched here. Errors name the file and what is wrong with it. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Fault, messageOf } from './fault.ts'

const MAX_FILE_BYTES = 1024 * 1024
const SOON_MS = 14 * 86_400_000

/** Where the two parts are (PEM); both may be in one file. */
export interface CertificateFiles {
  readonly certificateFile: string
  readonly keyFile: string
}

/** A pair that TLS takes: plain data that may cross threads. Never log `key`. */
export interface Certificate {
  /** The chain as PEM, the server's own first. */
  readonly cert: string
  /** The private key as PEM. */
  readonly key: string
  /** The file it came from. */
  readonly from: string
  /** The host names and addresses it stands for. */
  readonly names: string
  readonly expiresMs: number
  /** What does not stop it from being shown, but should be mended: sentences for the log. */
  readonly warnings: readonly string[]
}

/** Load a certificate and its key, and check that they belong together; rejects with a Fault that says what to do. */
export async function loadCertificate(files: CertificateFiles, nowMs: number): Promise<Certificate> {
  const certText = await read('certificate', files.certificateFile)
  const keyText = files.keyFile === files.certificateFile ? certText : await read('key', files.keyFile)
  const chain = certText.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const leaf = parseLeaf(chain[0], files.certificateFile)
  const key = parseKey(keyText, files.keyFile)
  if (!leaf.checkPrivateKey(key)) throw mismatch(chain, key, files)

  const cert = `${chain.join('\n')}\n`
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
  try {
    createSecureContext({ cert, key: pem })
  } catch (error) {
    throw fault(`Cannot use certificate ${files.certificateFile}: TLS refuses it (${messageOf(error)})`, error)
  }
  return {
    cert,
    key: pem,
    from: files.certificateFile,
    names: leaf.subjectAltName ?? leaf.subject.replaceAll('\n', ', '),
    expiresMs: Date.parse(leaf.validTo),
    warnings: [...dateWarnings(leaf, files.certificateFile, nowMs), ...(await modeWarnings(files.keyFile))],
  }
}

async function read(what: 'certificate' | 'key', file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, expected at most ${MAX_FILE_BYTES}`)
    return await readFile(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? "this server's user may not read it"
          : messageOf(error)
    throw fault(`Cannot read ${what} ${file}: ${reason}`, error)
  }
}

function parseLeaf(pem: string | undefined, file: string): X509Certificate {
  if (pem === undefined)
    throw fault(`Cannot use certificate ${file}: no "-----BEGIN CERTIFICATE-----" in it, expected PEM`)
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw fault(`Cannot use certificate ${file}: its first certificate is damaged (${messageOf(error)})`, error)
  }
}

function parseKey(text: string, file: string): KeyObject {
  const pem = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/.exec(text)
  if (pem === null) throw fault(`Cannot use key ${file}: no "-----BEGIN PRIVATE KEY-----" in it, expected PEM`)
  if (pem[1] === 'ENCRYPTED ' || pem[0].includes('Proc-Type: 4,ENCRYPTED')) {
    throw fault(
      `Cannot use key ${file}: it is encrypted; write it without a passphrase (openssl pkey -in ${file} -out FILE)`,
    )
  }
  try {
    return createPrivateKey(pem[0])
  } catch (error) {
    // The message of OpenSSL only: the key's text must not reach a log.
    throw fault(`Cannot use key ${file}: it is damaged (${messageOf(error).slice(0, 100)})`)
  }
}

function mismatch(chain: readonly string[], key: KeyObject, files: CertificateFiles): Fault {
  const place = chain.slice(1).findIndex((pem) => matches(pem, key))
  return fault(
    place === -1
      ? `Cannot use certificate ${files.certificateFile}: key ${files.keyFile} belongs to another certificate`
      : `Cannot use certificate ${files.certificateFile}: the server's own certificate is number ${place + 2} in it, expected it first`,
  )
}

function matches(pem: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(pem).checkPrivateKey(key)
  } catch {
    return false
  }
}

function dateWarnings(leaf: X509Certificate, file: string, nowMs: number): readonly string[] {
  const from = Date.parse(leaf.validFrom)
  const to = Date.parse(leaf.validTo)
  if (to <= nowMs) return [`Certificate ${file} expired on ${leaf.validTo}: clients will refuse it; renew it`]
  if (from > nowMs) return [`Certificate ${file} is not valid before ${leaf.validFrom}: is this machine's clock right?`]
  if (to - nowMs < SOON_MS) return [`Certificate ${file} expires on ${leaf.validTo}: renew it`]
  return []
}

async function modeWarnings(keyFile: string): Promise<readonly string[]> {
  const { mode } = await stat(keyFile)
  return (mode & 0o004) === 0 ? [] : [`Key ${keyFile} can be read by everyone on this machine: chmod o-r ${keyFile}`]
}

function fault(message: string, cause?: unknown): Fault {
  return new Fault(message, { temporary: false, ...(cause === undefined ? {} : { cause }) })
}
