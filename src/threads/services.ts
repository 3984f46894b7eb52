/** Keeps every service listening where the settings say: the sessions' in the session threads, the administration's here. */
import type { Server } from 'node:http'
import { Fault, messageOf } from '#base/fault.ts'
import type { Events } from '#events/contract.ts'
import { type ListenPlace, listenPlaces, type Ports } from '#settings/listen.ts'
import type { ServiceName, Settings } from '#settings/schema.ts'
import { cannotListen, claim } from './bindings.ts'
import type { Binding } from './messages.ts'

/** A place to listen, with its real address and port. */
export interface Listening {
  readonly service: ServiceName
  readonly host: string
  readonly port: number
}

export interface Services {
  /**
   * Listen where the settings now say: what is gone is closed, what is new is opened, open sessions live on. Rejects with a
   * Fault that names each place that cannot be listened on; all others are open all the same.
   */
  follow(settings: Settings): Promise<void>
  /** Every place that is listened on now. */
  listening(): readonly Listening[]
  close(): Promise<void>
}

/** Create the services; nothing listens before `follow`. */
export function createServices(parts: {
  readonly ports: Ports
  /** Listen on exactly these in the session threads; rejects with a Fault. */
  readonly bindSessions: (bindings: readonly Binding[]) => Promise<void>
  readonly createHttp: () => Server
  readonly events: Pick<Events, 'listening'>
  /** Called with each place that is newly listened on. */
  readonly opened: (place: Listening) => void
}): Services {
  const open = new Map<string, Listening>()
  const https = new Map<string, Server>()

  function bindSessions(): Promise<void> {
    return parts.bindSessions([...open.values()].filter(isForSessions))
  }

  async function closeOthers(wanted: ReadonlySet<string>): Promise<void> {
    const gone = [...open.keys()].filter((key) => !wanted.has(key))
    if (gone.length === 0) return
    for (const key of gone) {
      open.delete(key)
      const http = https.get(key)
      https.delete(key)
      if (http !== undefined) await closed(http)
    }
    // Ours must be closed before a service moves to an address that takes in its old one.
    await bindSessions()
  }

  async function listen(place: ListenPlace): Promise<void> {
    const claimed = await claim({ service: place.service, host: place.host, port: place.port })
    if (claimed.service === 'admin') https.set(keyOf(place), await listenHttp(parts.createHttp(), claimed))
    open.set(keyOf(place), claimed)
  }

  return {
    listening: () => [...open.values()],
    async follow(settings) {
      const places = listenPlaces(settings, parts.ports)
      await closeOthers(new Set(places.map(keyOf)))
      const fresh = places.filter((place) => !open.has(keyOf(place)))
      const troubles: string[] = []
      for (const place of fresh) await listen(place).catch((error) => troubles.push(messageOf(error)))
      await bindSessions().catch((error) => troubles.push(messageOf(error)))
      for (const place of fresh) {
        const listening = open.get(keyOf(place))
        if (listening === undefined) continue
        parts.events.listening({ service: listening.service, address: listening.host, port: listening.port, thread: 0 })
        parts.opened(listening)
      }
      if (troubles.length > 0) throw new Fault(troubles.join('\n'), { temporary: true })
    },
    async close() {
      await Promise.all([...https.values()].map(closed))
    },
  }
}

function keyOf({ service, host, port }: ListenPlace): string {
  return `${service} ${host} ${port}`
}

function isForSessions(place: Listening): place is Binding {
  return place.service !== 'admin'
}

async function listenHttp(server: Server, place: Listening): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new Fault(cannotListen(place, cause.code), { temporary: true, cause }))
    })
    server.listen({ host: place.host, port: place.port }, resolve)
  })
  return server
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
