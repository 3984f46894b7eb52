import type { ClientRequest } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import { messageOf } from '#base/fault.ts'
import { PRIVATE } from '#base/network-set.ts'
import { printable } from '#base/printable.ts'
import { givenAddresses } from '../tls/given-addresses.ts'
import { isUnroutable } from '../unroutable.ts'

export interface PostParts {
  readonly dns: Pick<Dns, 'addresses'>
  readonly clock: Clock
  /** PEM certificates to trust besides the usual ones. */
  readonly ca?: readonly string[]
}

const TIMEOUT_MS = 60_000
const HTTPS_PORT = '443'

/** Send a report by HTTPS (RFC 8460 §5.4); gives what went wrong, undefined when it was taken. Never rejects. */
export async function postReport(
  url: string,
  compressed: Uint8Array,
  { dns, clock, ca = [] }: PostParts,
): Promise<string | undefined> {
  const { hostname, port, host } = new URL(url)
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  const found = isIP(name) === 0 ? await dns.addresses(name) : { is: 'found' as const, addresses: [name] }
  if (found.is !== 'found') return `${printable(name, 255)}: ${found.is === 'none' ? found.why : found.because}`
  // Whoever owns the domain writes the whole address, and may have the name lead anywhere: not to this machine, nor to what stands
  // beside it and takes what comes from there for well meant. A closed network, with an authority of its own, may stand on one machine.
  const isClosed = port !== '' && port !== HTTPS_PORT && ca.length > 0
  const addresses = found.addresses.filter((ip) => isClosed || !(isUnroutable(ip) || PRIVATE.has(ip)))
  if (addresses.length === 0) return `${printable(name, 255)} has no usable address`
  return new Promise((resolve) => {
    const alarm = clock.after(TIMEOUT_MS, () => end(`${host} did not answer within ${TIMEOUT_MS} ms`))
    let asked: ClientRequest | undefined
    function end(trouble: string | undefined): void {
      alarm.cancel()
      asked?.destroy()
      resolve(trouble)
    }
    try {
      asked = request(
        url,
        {
          method: 'POST',
          lookup: givenAddresses(addresses),
          agent: false,
          headers: {
            'content-type': 'application/tlsrpt+gzip',
            'content-length': compressed.length,
            'user-agent': 'postern',
          },
          maxHeaderSize: 16_384,
          minVersion: 'TLSv1.2',
          ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
        },
        ({ statusCode = 0 }) => {
          // The status says it all; what comes behind it is not read.
          end(statusCode >= 200 && statusCode < 300 ? undefined : `${host} answered ${statusCode}`)
        },
      )
      asked.on('error', (error) => end(`${host}: ${printable(messageOf(error), 200)}`))
      asked.end(compressed)
    } catch (error) {
      // There are addresses that are well formed and still nothing that can be asked.
      end(`${printable(host, 255)}: ${printable(messageOf(error), 200)}`)
    }
  })
}
