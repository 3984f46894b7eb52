/** Certificates and servers for tests of TLS: an authority of their own, an intermediate one, and what those sign. */
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { generate } from 'selfsigned'
import type { TlsaRecord } from '../contract.ts'
import { publicKeyInfo } from './public-key-info.ts'

export interface TestPair {
  readonly cert: string
  readonly key: string
  readonly x509: X509Certificate
}

interface PairOptions {
  readonly ca?: boolean
  readonly names?: readonly string[]
  readonly by?: TestPair
  /** Until when it is valid; tomorrow is usual. */
  readonly until?: Date
}

const DAY_MS = 86_400_000

/** Make a key and a certificate, signed by another or by itself. */
export async function makePair(
  name: string,
  { ca = false, names = [], by, until }: PairOptions = {},
): Promise<TestPair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 10 * DAY_MS),
    notAfterDate: until ?? new Date(Date.now() + DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: ca, critical: true },
      { name: 'keyUsage', digitalSignature: true, ...(ca && { keyCertSign: true }), critical: true },
      ...(names.length === 0
        ? []
        : [{ name: 'subjectAltName' as const, altNames: names.map((value) => ({ type: 2 as const, value })) }]),
    ],
    ...(by !== undefined && { ca: { key: by.key, cert: by.cert } }),
  })
  return { cert: made.cert, key: made.private, x509: new X509Certificate(made.cert) }
}

/** Make the TLSA record that names a certificate. */
export function tlsaFor({ x509 }: TestPair, usage: number, selector: number, matching: number): TlsaRecord {
  const selected = selector === 0 ? x509.raw : (publicKeyInfo(x509.raw) as Uint8Array)
  const data =
    matching === 0
      ? selected
      : createHash(matching === 1 ? 'sha256' : 'sha512')
          .update(selected)
          .digest()
  return { usage, selector, matching, data: Uint8Array.from(data) }
}

/** Connect to a server that shows a chain, over loopback; gives what `use` makes of our side of the connection. */
export async function withConnection<T>(
  chain: readonly [TestPair, ...TestPair[]],
  { ca, servername }: { readonly ca?: readonly string[]; readonly servername?: string },
  use: (socket: TLSSocket) => T,
): Promise<T> {
  const server = createServer({ key: chain[0].key, cert: chain.map(({ cert }) => cert).join('\n') })
  server.on('secureConnection', (socket) => socket.on('error', () => {}))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = tlsConnect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    servername: servername ?? 'mx.example',
    ...(ca !== undefined && { ca: [...ca] }),
  })
  try {
    await once(socket, 'secureConnect')
    return use(socket)
  } finally {
    socket.destroy()
    server.close()
  }
}
