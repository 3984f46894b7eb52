/**
 * A thread of its own that carries the write-ahead log into the database, so that no commit waits while it does
 * (sqlite.org/wal.html#ckpt: a passive checkpoint runs beside readers and the writer). Told to by the writer, one at a time.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { openForCarrying } from './connection.ts'

const { file } = workerData as { readonly file: string }
const db = openForCarrying(file)

parentPort?.on('message', (order: 'carry' | 'close') => {
  if (order === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {
    // A full disk is the usual reason. The log keeps everything, and the writer asks again.
  }
  parentPort?.postMessage('carried')
})
