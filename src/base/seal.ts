/** Secrets at rest: sealed with a key that stands in a file of its own, so that neither a store nor its backup tells them. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, messageOf } from './fault.ts'

/** What a sealed value is for; it opens under the same label only, so that no value can stand in for another. */
export interface SealLabel {
  readonly kind: string
  readonly name: string
}

/** Seals and opens with the key of one file. Every method rejects with a Fault that says what to do. */
export interface Seal {
  readonly keyFile: string
  /** Tell whether the key file is there. */
  hasKey(): Promise<boolean>
  /** Make the key file where there is none; one that stands is kept, whoever made it. */
  makeKey(): Promise<void>
  seal(label: SealLabel, secret: Uint8Array): Promise<Uint8Array>
  open(label: SealLabel, sealed: Uint8Array): Promise<Uint8Array>
}

const FILE_HEAD = 'postern-secrets-key-1'
const KEY_OCTETS = 32

// A sealed value: version (1) · which key (8) · nonce (12) · ciphertext · tag (16).
const VERSION = 1
const ID_AT = 1
const NONCE_AT = 9
const TEXT_AT = 21
const TAG_OCTETS = 16

interface Key {
  readonly bytes: Buffer
  /** Says which key it is, and tells nothing of it. */
  readonly id: Buffer
}

/** Seal and open with the key in this file; it is read when it is first needed. */
export function createSeal(keyFile: string): Seal {
  let known: Key | undefined

  async function read(): Promise<Key> {
    known = await readKey(keyFile)
    return known
  }

  return {
    keyFile,

    hasKey: () =>
      readFile(keyFile).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return false
          throw unreadable(keyFile, error)
        },
      ),

    makeKey: () => makeKeyFile(keyFile),

    async seal(label, secret) {
      // Always read: a secret must not be sealed with a key that is in memory alone.
      const { bytes, id } = await read()
      const nonce = randomBytes(TEXT_AT - NONCE_AT)
      const cipher = createCipheriv('aes-256-gcm', bytes, nonce)
      cipher.setAAD(boundTo(label))
      const text = [cipher.update(secret), cipher.final()]
      return Buffer.concat([Buffer.of(VERSION), id, nonce, ...text, cipher.getAuthTag()])
    },

    async open(label, sealed) {
      const value = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (value[0] !== VERSION || value.length < TEXT_AT + TAG_OCTETS) {
        throw new Fault(`Cannot open ${describe(label)}: it has an unknown form; set it again`, { temporary: false })
      }
      const id = value.subarray(ID_AT, NONCE_AT)
      let key = known ?? (await read())
      // The file may have been put back meanwhile.
      if (!key.id.equals(id)) key = await read()
      if (!key.id.equals(id)) {
        const wanted = `the key that sealed it (${id.toString('hex')}) is not the one in ${keyFile} (${key.id.toString('hex')})`
        throw new Fault(`Cannot open ${describe(label)}: ${wanted}; put that file back, or set it again`, {
          temporary: false,
        })
      }
      return decrypt(key, label, value)
    },
  }
}

function decrypt(key: Key, label: SealLabel, value: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, value.subarray(NONCE_AT, TEXT_AT), {
    authTagLength: TAG_OCTETS,
  })
  decipher.setAAD(boundTo(label))
  decipher.setAuthTag(value.subarray(value.length - TAG_OCTETS))
  try {
    return Buffer.concat([decipher.update(value.subarray(TEXT_AT, value.length - TAG_OCTETS)), decipher.final()])
  } catch {
    // What the library throws says nothing more.
    throw new Fault(`Cannot open ${describe(label)}: it was changed, or belongs to another name; set it again`, {
      temporary: false,
    })
  }
}

function boundTo({ kind, name }: SealLabel): Buffer {
  return Buffer.from(JSON.stringify([VERSION, kind, name]))
}

function describe({ kind, name }: SealLabel): string {
  return `the secret ${kind} ${JSON.stringify(name)}`
}

async function readKey(file: string): Promise<Key> {
  const text = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error)
  })
  const [head, encoded = ''] = text.trim().split(/\s+/)
  const bytes = Buffer.from(encoded, 'base64url')
  if (head !== FILE_HEAD || bytes.length !== KEY_OCTETS) {
    throw new Fault(`Cannot use ${file}: it is no key of this server; put it back from a copy of it`, {
      temporary: false,
    })
  }
  const id = createHash('sha256')
    .update('postern key id\0')
    .update(bytes)
    .digest()
    .subarray(0, NONCE_AT - ID_AT)
  return { bytes, id }
}

function unreadable(file: string, error: NodeJS.ErrnoException): Fault {
  const what =
    error.code === 'ENOENT'
      ? `the key file ${file} is not there; put it back from a copy of it, or remove the secrets and set them again`
      : `cannot read the key file ${file}: ${error.message}; let this server's user read it`
  return new Fault(`No secret can be used: ${what}`, { temporary: false, cause: error })
}

/** Put a new key in place whole or not at all; of two that do it at once, one key stays. */
async function makeKeyFile(file: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`${FILE_HEAD} ${randomBytes(KEY_OCTETS).toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await syncDirectory(dirname(file))
  } catch (error) {
    throw new Fault(`Cannot write the key file ${file}: ${messageOf(error)}; let this server's user write there`, {
      temporary: false,
      cause: error,
    })
  } finally {
    await rm(draft, { force: true })
  }
}

/** A secret must not be on disk before the name of its key is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
