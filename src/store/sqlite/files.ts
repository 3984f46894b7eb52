import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

/** Make a file that only its owner may read, if there is none: mail and the keys to sign in are private. */
export function createPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}

/** Wait until a file's contents are on disk. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Wait until the names in a file's folder are on disk. */
export function syncFolderOf(file: string): void {
  const descriptor = openSync(dirname(file), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
