import { createServer, type Server, type Socket } from 'node:net'
import { bindingKey } from './bindings.ts'
import type { Binding } from './messages.ts'

export interface BindFailure {
  readonly binding: Binding
  readonly error: string
}

/** The listening sockets of one session thread, kept at a wanted set. */
export interface Listeners {
  /** Listen on exactly these: what is new is opened, what is gone is closed, sessions that are open live on. */
  bind(bindings: readonly Binding[]): Promise<readonly BindFailure[]>
}

/** Pending connections the kernel holds for us while a thread is busy; bounded by net.core.somaxconn too. */
const BACKLOG = 4096

/** Create the listeners of a thread; `connected` gets each new connection with the service it came to. */
export function createListeners(connected: (socket: Socket, service: Binding['service']) => void): Listeners {
  const open = new Map<string, Server>()

  async function listen(binding: Binding): Promise<BindFailure | undefined> {
    // Half-open: a client that has said all and closed its side still gets its replies.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => connected(socket, binding.service))
    const { host, port } = binding
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, reusePort: true, backlog: BACKLOG }, resolve)
      })
    } catch (error) {
      return { binding, error: (error as NodeJS.ErrnoException).code ?? String(error) }
    }
    open.set(bindingKey(binding), server)
    return undefined
  }

  return {
    async bind(bindings) {
      const wanted = new Map(bindings.map((binding) => [bindingKey(binding), binding]))
      for (const [key, server] of open) {
        if (wanted.has(key)) continue
        open.delete(key)
        server.close()
      }
      const fresh = [...wanted].filter(([key]) => !open.has(key)).map(([, binding]) => binding)
      const failures = await Promise.all(fresh.map(listen))
      return failures.filter((failure) => failure !== undefined)
    },
  }
}
