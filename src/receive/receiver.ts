import type { Duplex } from 'node:stream'
import { converse } from './converse.ts'
import { Deadlines } from './deadlines.ts'
import type { Listener, Peer, Ports } from './ports.ts'
import { Session } from './session.ts'
import { Wire } from './wire.ts'

/** The SMTP server of one thread. */
export interface Receiver {
  /**
   * Hold a session over this connection, whose PROXY header, if it had one, has been read. `peer.ip` is in its one form
   * (`normalizeIp`). The socket should have `noDelay`, and `allowHalfOpen` so that a client may end its side first.
   */
  receive(socket: Duplex, peer: Peer, listener: Listener): void
  /** A second has passed: look at the deadlines. */
  tick(): void
  /** End the sessions of this user where they next wait for the client: the account was stopped. */
  endSessionsOf(user: string): void
  /** End every session at the next point where it may end, and resolve when all have; messages being kept are kept. */
  stop(): Promise<void>
}

/** Create the SMTP server of one thread. */
export function createReceiver(ports: Ports): Receiver {
  const deadlines = new Deadlines()
  const open = new Map<Session, Promise<void>>()

  return {
    receive(socket, peer, listener) {
      const wire = new Wire(socket, deadlines, ports.settings().session.commandTimeout)
      if (listener.implicitTls) wire.startTls(ports.secureContext())
      const session = new Session(wire, peer, listener)
      const ended = converse(session, ports)
      open.set(session, ended)
      void ended.finally(() => open.delete(session))
    },
    endSessionsOf(user) {
      for (const session of open.keys()) {
        if (session.user !== user) continue
        session.isStopped = true
        session.wire.stop()
      }
    },
    tick: () => deadlines.pass(),
    async stop() {
      for (const { wire } of open.keys()) wire.stop()
      await Promise.all(open.values())
      await ports.records.flush()
      // The last words are on their way; clients that do not close their end may not keep the thread alive.
      await new Promise((resolve) => setImmediate(resolve))
      deadlines.expireAll()
    },
  }
}
