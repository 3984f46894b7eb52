import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'
import type { Clock } from '#base/clock.ts'
import { socketErrorText } from './socket-error.ts'

/** RFC 3207 says nothing. Less than the whole opening may take: where TLS hangs there is time left to go on in the clear. */
const HANDSHAKE_MS = 120_000

/** Reading the authorities costs more than a handshake: once for all connections, and once for each list of further ones. */
const contexts = new WeakMap<readonly string[], SecureContext>()
const NO_FURTHER: readonly string[] = []

export interface StartTlsOptions {
  readonly host: string
  readonly ca?: readonly string[]
  readonly clock: Clock
  /** What is left of the time that the whole opening may take. */
  readonly leftMs: number
}

/**
 * Do a TLS handshake over a connection; gives the TLS socket, or why there is none, in words. Whatever the certificate is, it comes
 * about: what it has to be is decided by the caller, who asks the socket. `authorizationError` tells of the chain alone, not of names.
 */
export function startTls(
  socket: Socket,
  { host, ca = NO_FURTHER, clock, leftMs }: StartTlsOptions,
): Promise<TLSSocket | string> {
  return new Promise((resolve) => {
    const name = host.endsWith('.') ? host.slice(0, -1) : host
    const secured = connect({
      socket,
      secureContext: contextWith(ca),
      // RFC 6066 §3: addresses are not named.
      ...(isIP(name) === 0 && { servername: name }),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    const limitMs = Math.min(HANDSHAKE_MS, Math.max(0, leftMs))
    const alarm = clock.after(limitMs, () => end(`no TLS within ${Math.round(limitMs / 1000)} seconds`))
    function onError(error: Error): void {
      end(socketErrorText(error))
    }
    function onClose(): void {
      end('it closed the connection')
    }
    function onSecure(): void {
      end(secured)
    }
    function end(result: TLSSocket | string): void {
      alarm.cancel()
      secured.off('error', onError)
      secured.off('close', onClose)
      secured.off('secureConnect', onSecure)
      if (typeof result === 'string') {
        secured.on('error', () => {})
        secured.destroy()
        socket.destroy()
      }
      resolve(result)
    }
    secured.on('error', onError)
    secured.on('close', onClose)
    secured.on('secureConnect', onSecure)
  })
}

function contextWith(ca: readonly string[]): SecureContext {
  let context = contexts.get(ca)
  if (context === undefined) {
    context = createSecureContext(ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] })
    contexts.set(ca, context)
  }
  return context
}
