import { stat } from 'node:fs/promises'
import { type Certificate, type CertificateFiles, loadCertificate } from './certificate.ts'
import type { Alarm, Clock } from './clock.ts'

/**
 * How often the files are looked at. Looking is two system calls, and sees what change notices miss: links that are turned
 * (certbot, Kubernetes), network file systems, a directory that is replaced.
 */
export const LOOK_EVERY_MS = 2000

export interface CertificateWatch {
  close(): void
}

/**
 * Load the certificate again whenever its files change. A change counts once the files have rested between two looks, so a
 * pair that is being written is not read in half; a new pair that cannot be used is reported to `failed`, once, and the one
 * before stays in use.
 */
export function watchCertificate(
  files: CertificateFiles,
  clock: Clock,
  on: { readonly loaded: (certificate: Certificate) => void; readonly failed: (error: unknown) => void },
): CertificateWatch {
  let alarm: Alarm | undefined
  let closed = false
  let known: string | undefined
  let seen: string | undefined

  async function look(): Promise<void> {
    const now = await stampOf(files)
    if (closed) return
    known ??= now
    if (now !== known && now === seen) {
      known = now
      await loadCertificate(files, clock.nowMs()).then((loaded) => closed || on.loaded(loaded), on.failed)
    }
    seen = now
    if (!closed) alarm = clock.after(LOOK_EVERY_MS, () => void look())
  }

  void look()
  return {
    close() {
      closed = true
      alarm?.cancel()
    },
  }
}

/** Tell one state of the files from another. */
async function stampOf({ certificateFile, keyFile }: CertificateFiles): Promise<string> {
  const stamps = [certificateFile, keyFile].map((file) =>
    stat(file, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}`,
      (error: NodeJS.ErrnoException) => String(error.code),
    ),
  )
  return (await Promise.all(stamps)).join(' ')
}
