import { createServer } from 'node:net'
import { Fault } from '#base/fault.ts'
import type { ListenPlace } from '#settings/listen.ts'
import type { Binding } from './messages.ts'

/** A place where a service of ours listens: the sessions' or the administration's. */
type Place = Pick<ListenPlace, 'service' | 'host' | 'port'>

/** Name a binding for a table of them. */
export function bindingKey({ service, host, port }: Binding): string {
  return `${service} ${host} ${port}`
}

/**
 * Make sure that a place to listen is free, and give it with its real host and port (`*` is the unspecified address, port 0 any
 * free one). The session threads share their ports by SO_REUSEPORT, with which a second server of the same user would go
 * unnoticed; a plain bind notices it. Rejects with a Fault that names the setting.
 */
export async function claim<P extends Place>(place: P): Promise<P> {
  // `::` takes IPv4 as well; a kernel without IPv6 has only 0.0.0.0.
  const hosts = place.host === '*' ? ['::', '0.0.0.0'] : [place.host]
  let failure: unknown
  for (const host of hosts) {
    try {
      return { ...place, host, port: await bindOnce(host, place.port) }
    } catch (error) {
      failure = error
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') break
    }
  }
  const { code } = failure as NodeJS.ErrnoException
  throw new Fault(cannotListen(place, code), { temporary: true, cause: failure })
}

async function bindOnce(host: string, port: number): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen({ host, port }, resolve)
  })
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : port
}

const WHY: Record<string, string> = {
  EADDRINUSE: 'another program uses this port',
  EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE; start with --ports high for 2525 and so on',
  EADDRNOTAVAIL: 'this machine has no such address',
}

/** Say in one line why a place cannot be listened on, and which setting moves it. */
export function cannotListen({ service, host, port }: Place, code: string | undefined): string {
  const why = WHY[code ?? ''] ?? code ?? 'unknown trouble'
  return `Cannot listen for ${service} on ${host} port ${port}: ${why}; services.${service}.listen moves it`
}
