import { type Certificate, type CertificateFiles, loadCertificate } from '#base/certificate.ts'
import { type CertificateWatch, watchCertificate } from '#base/certificate-watch.ts'
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { ensureSelfSigned } from '#base/self-signed-certificate.ts'
import type { Events } from '#events/contract.ts'
import type { Settings } from '#settings/schema.ts'

/** The certificate in use, kept current as its files and the settings change. */
export interface CertificateKeeper {
  current(): Certificate
  /** Use the files that these settings name; rejects with a Fault, and keeps the one before, when they cannot be used. */
  follow(tls: Settings['tls'], hostname: string): Promise<void>
  close(): void
}

/** Load the certificate that the settings name, or the server's own, and watch its files; `changed` is told of each new one. */
export async function openCertificate(setup: {
  /** Where the server's own certificate lives. */
  readonly dir: string
  readonly tls: Settings['tls']
  readonly hostname: string
  readonly clock: Clock
  readonly events: Pick<Events, 'certificateLoaded' | 'faulted'>
  readonly changed: () => void
}): Promise<CertificateKeeper> {
  const { dir, clock, events } = setup
  let watch: CertificateWatch | undefined
  let current: Certificate

  async function filesOf(tls: Settings['tls'], hostname: string): Promise<CertificateFiles> {
    const { certificateFile, keyFile } = tls
    if (certificateFile === undefined) return ensureSelfSigned({ dir, hostname, nowMs: clock.nowMs() })
    if (keyFile === undefined) {
      throw new Fault('Cannot use tls.certificateFile without tls.keyFile: name the file of its private key too', {
        temporary: false,
      })
    }
    return { certificateFile, keyFile }
  }

  function take(certificate: Certificate): void {
    current = certificate
    events.certificateLoaded({
      from: certificate.from,
      names: certificate.names,
      expires: new Date(certificate.expiresMs).toISOString(),
    })
    for (const warning of certificate.warnings)
      events.faulted({ what: 'certificate', error: new Fault(warning, { temporary: false }) })
  }

  async function load(tls: Settings['tls'], hostname: string): Promise<void> {
    const files = await filesOf(tls, hostname)
    take(await loadCertificate(files, clock.nowMs()))
    watch?.close()
    watch = watchCertificate(files, clock, {
      loaded(certificate) {
        take(certificate)
        setup.changed()
      },
      failed: (error) => events.faulted({ what: 'loading the changed certificate', error }),
    })
  }

  await load(setup.tls, setup.hostname)
  return {
    current: () => current,
    async follow(tls, hostname) {
      await load(tls, hostname)
      setup.changed()
    },
    close: () => watch?.close(),
  }
}
