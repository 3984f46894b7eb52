import { type RequestOptions, request } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import type { Dns } from '#base/dns.ts'
import { messageOf } from '#base/fault.ts'
import { printable } from '#base/printable.ts'
import { isUnroutable } from '../unroutable.ts'
import { givenAddresses } from './given-addresses.ts'
import { parseStsPolicy, type StsPolicy } from './sts-policy.ts'

/** Why there is no policy although one is announced; `result` is its name in TLS reports (RFC 8460 §4.3.2.2). */
export interface StsFetchFailure {
  readonly result: 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'
  readonly because: string
}

export interface StsFetchParts {
  readonly dns: Pick<Dns, 'addresses'>
  readonly clock: Clock
  /** PEM certificates to trust besides the usual ones. */
  readonly ca?: readonly string[]
  /** Anything but 443 is for tests. */
  readonly port?: number
}

/** RFC 8461 §3.3 suggests these two. */
const TIMEOUT_MS = 60_000
const MOST_BYTES = 65_536
const HTTPS_PORT = 443

/** Fetch the policy of a domain (RFC 8461 §3.3) by HTTPS. Never rejects. */
export async function fetchStsPolicy(
  domain: string,
  parts: StsFetchParts,
): Promise<{ readonly policy: StsPolicy } | StsFetchFailure> {
  const host = `mta-sts.${domain}`
  const port = parts.port ?? HTTPS_PORT
  const found = await parts.dns.addresses(host)
  if (found.is !== 'found') return unfetched(`${host}: ${found.is === 'none' ? found.why : found.because}`)
  // Whoever owns the name decides where it leads: not to this machine.
  const addresses = found.addresses.filter((ip) => port !== HTTPS_PORT || !isUnroutable(ip))
  if (addresses.length === 0) return unfetched(`${host} has no usable address`)
  const body = await get(host, port, addresses, parts)
  if (typeof body !== 'string') return body
  const parsed = parseStsPolicy(body)
  if ('policy' in parsed) return parsed
  return { result: 'sts-policy-invalid', because: `the policy at https://${host} has ${parsed.wrong}` }
}

function get(
  host: string,
  port: number,
  addresses: readonly string[],
  { clock, ca = [] }: StsFetchParts,
): Promise<string | StsFetchFailure> {
  return new Promise((resolve) => {
    const options: RequestOptions = {
      host,
      port,
      path: '/.well-known/mta-sts.txt',
      servername: host,
      lookup: givenAddresses(addresses),
      // A connection of its own, closed with the answer. Redirects are not followed (RFC 8461 §3.3): Node does not of itself.
      agent: false,
      headers: { host, accept: 'text/plain', 'user-agent': 'postern' },
      maxHeaderSize: 16_384,
      minVersion: 'TLSv1.2',
      ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
    }
    const alarm = clock.after(TIMEOUT_MS, () => end(unfetched(`${host} did not answer within ${TIMEOUT_MS} ms`)))
    const asked = request(options, (answer) => {
      const type = answer.headers['content-type'] ?? ''
      if (answer.statusCode !== 200) return end(unfetched(`${host} answered ${answer.statusCode}, expected 200`))
      // RFC 8461 §3.2: whoever may put pictures on a web server is not to put a policy there.
      if (!/^text\/plain[ \t]*(?:;|$)/i.test(type)) {
        return end(unfetched(`${host} answered with type "${printable(type, 100)}", expected text/plain`))
      }
      const pieces: Buffer[] = []
      let bytes = 0
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > MOST_BYTES) end(unfetched(`${host} answered with more than ${MOST_BYTES} bytes`))
        else pieces.push(piece)
      })
      answer.on('end', () => end(Buffer.concat(pieces).toString('utf8')))
      answer.on('error', (error) => end(failureOf(host, error)))
      answer.on('aborted', () => end(unfetched(`${host} broke off its answer`)))
    })
    function end(result: string | StsFetchFailure): void {
      alarm.cancel()
      asked.destroy()
      resolve(result)
    }
    asked.on('error', (error) => end(failureOf(host, error)))
    asked.end()
  })
}

function failureOf(host: string, error: Error): StsFetchFailure {
  const { code = '' } = error as NodeJS.ErrnoException
  const because = `${host}: ${printable(messageOf(error), 200)}`
  // RFC 8461 §3.3: the certificate has to be one of the web, for exactly this name.
  return /CERT|ALTNAME|SIGNATURE|ISSUER/.test(code) ? { result: 'sts-webpki-invalid', because } : unfetched(because)
}

function unfetched(because: string): StsFetchFailure {
  return { result: 'sts-policy-fetch-error', because }
}
