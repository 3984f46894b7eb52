import type { Duplex } from 'node:stream'
import type { Clock } from './clock.ts'
import { decodeProxyHeader, type ProxyHeader } from './proxy-protocol.ts'

/** The two ends of a TCP connection. */
export interface ConnectionEnds {
  readonly ip: string
  readonly port: number
}

export type AcceptedProxied =
  | { readonly is: 'accepted'; readonly ends: ConnectionEnds }
  /** The connection is to be closed without a word; `why` is for the log. */
  | { readonly is: 'refused'; readonly why: string }

/** The header comes first thing after the TCP handshake; the proxy's specification (§2) asks for at least 3 s. */
const HEADER_WITHIN_MS = 10_000

/**
 * Read the PROXY header that a configured proxy must send first, and give the ends it names; `ends` are those of the TCP
 * connection. Call it only for peers in `services.NAME.proxyFrom`: from anyone else the header is ordinary, wrong input.
 * What follows the header is put back, and the socket is left paused: attach listeners, then `resume()`.
 *
 * UNKNOWN is refused: the session would else be judged by the proxy's own address, which is often a trusted one.
 */
export function acceptProxied(socket: Duplex, ends: ConnectionEnds, clock: Clock): Promise<AcceptedProxied> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0)
    const alarm = clock.after(HEADER_WITHIN_MS, () => refuse(`no PROXY header within ${HEADER_WITHIN_MS} ms`))

    function settle(accepted: AcceptedProxied): void {
      alarm.cancel()
      socket.off('data', onData).off('end', onGone).off('close', onGone).off('error', onError)
      resolve(accepted)
    }

    function refuse(why: string): void {
      settle({ is: 'refused', why })
    }

    function onGone(): void {
      refuse('the connection closed before its PROXY header')
    }

    function onError(error: Error): void {
      refuse(`the connection broke before its PROXY header: ${error.message}`)
      // A socket may report more than one error while it is torn down.
      socket.on('error', () => {})
    }

    function onData(chunk: Buffer): void {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const decoded = decodeProxyHeader(received)
      if (decoded.is === 'more') return
      socket.pause()
      if (decoded.is === 'malformed') refuse(decoded.why)
      else if (decoded.header.is === 'unknown') refuse('the proxy does not know the address of its client')
      else {
        if (decoded.consumedBytes < received.length) socket.unshift(received.subarray(decoded.consumedBytes))
        settle({ is: 'accepted', ends: endsOf(decoded.header, ends) })
      }
    }

    socket.on('data', onData).on('end', onGone).on('close', onGone).on('error', onError)
  })
}

function endsOf(header: Exclude<ProxyHeader, { is: 'unknown' }>, ends: ConnectionEnds): ConnectionEnds {
  if (header.is === 'local') return ends
  const { source } = header
  return { ip: source.ip, port: source.port }
}
