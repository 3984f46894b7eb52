import type { Duplex } from 'node:stream'
import { Connection } from './connection.ts'
import type { Peer, Pop3Listener, Pop3Ports } from './ports.ts'

/** When the server stops, sessions that are at work have so long to finish. */
const STOP_WITHIN_MS = 5_000

export interface Pop3 {
  /** Serve one connection; it may be paused, and bytes put back into it are read first. */
  serve(socket: Duplex, peer: Peer, listener: Pop3Listener): void
  /** Close the connections whose time is up; to be called about once a second. */
  tick(): void
  /** End the sessions of this user, when the command that runs is done: the account was stopped. */
  endSessionsOf(user: string): void
  /** End all sessions: those idle now, those at work when their command is done. Resolves when the last is gone. */
  stop(): Promise<void>
}

/** Create the POP3 server of one thread (RFC 1939, 2449, 2595, 5034, 6856). */
export function createPop3(ports: Pop3Ports): Pop3 {
  const connections = new Set<Connection>()
  let onLastGone: (() => void) | undefined

  function forget(connection: Connection): void {
    connections.delete(connection)
    if (connections.size === 0) onLastGone?.()
  }

  return {
    serve(socket, peer, listener) {
      const connection = new Connection(socket, peer, listener, ports, forget)
      connections.add(connection)
      void connection.open(listener.implicitTls)
    },

    tick() {
      const nowMs = ports.clock.monotonicMs()
      for (const connection of connections) connection.tick(nowMs)
    },

    endSessionsOf(user) {
      for (const connection of connections) connection.endOf(user)
    },

    async stop() {
      await new Promise<void>((resolve) => {
        if (connections.size === 0) return resolve()
        const alarm = ports.clock.after(STOP_WITHIN_MS, () => {
          for (const connection of connections) connection.destroy()
        })
        onLastGone = () => {
          alarm.cancel()
          resolve()
        }
        for (const connection of connections) connection.stop()
      })
      await ports.records.flush()
    },
  }
}
