import { filePath } from '../entries.ts'
import { choice, optional } from '../kinds.ts'

const page = 'Certificates'

export const tls = {
  certificateFile: optional({
    of: filePath,
    about: 'The certificate chain (PEM) shown to clients; null is a self-signed one made at the first start.',
    kerio: 'SSL Certificates',
    page,
    applies: 'at once',
  }),
  keyFile: optional({
    of: filePath,
    about: "The private key (PEM) of tls.certificateFile; only this server's user may be able to read it.",
    page,
    applies: 'at once',
  }),
  minVersion: choice({
    of: ['TLSv1.2', 'TLSv1.3'],
    default: 'TLSv1.2',
    about: 'The oldest version of TLS that clients may use.',
    page,
    applies: 'next connection',
  }),
} as const
