import { rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { Fault } from '#base/fault.ts'

/** sun_path holds 108 bytes on Linux, the closing NUL included. */
const MOST_PATH_BYTES = 107

export interface OpenSocket {
  /** Stop answering, end open connections, and remove the socket. */
  close(): Promise<void>
}

/**
 * Let the administration answer at a socket file that only the server's own user may open (mode 0600). A file left by a server
 * that died is replaced; one that somebody answers at is a Fault.
 */
export async function listenOnSocket(server: Server, path: string): Promise<OpenSocket> {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) {
    throw new Fault(
      `Cannot listen at ${path}: the path is longer than ${MOST_PATH_BYTES} bytes; choose a shorter data directory`,
      { temporary: false },
    )
  }
  if (await somebodyAnswers(path)) {
    throw new Fault(`Cannot listen at ${path}: a server answers there already; stop it first`, { temporary: false })
  }
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Fault(`Cannot listen at ${path}: ${cause.message}`, { temporary: false, cause }))
    })
    // The file is made within this call, so nobody else's file gets the narrow mode, and no moment has a wide one.
    const before = process.umask(0o177)
    try {
      server.listen(path, resolve)
    } finally {
      process.umask(before)
    }
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // EAGAIN: somebody listens, and is too busy to take us.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN'))
  })
}
