import { connect as connectSocket, type Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'

export interface ConnectOptions {
  readonly ip: string
  readonly port: number
  readonly localAddress?: string
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Connect to an address; gives the socket, or why there is none, in words. */
export function connect({ ip, port, localAddress, timeoutMs, clock }: ConnectOptions): Promise<Socket | string> {
  return new Promise((resolve) => {
    // What is written together belongs together: Nagle's algorithm would only hold the last part of it back.
    const socket = connectSocket({ host: ip, port, noDelay: true, ...(localAddress && { localAddress }) })
    const alarm = clock.after(timeoutMs, () => end(`no answer within ${Math.round(timeoutMs / 1000)} seconds`))
    function onError(error: Error): void {
      end(messageOf(error))
    }
    function end(result: Socket | string): void {
      alarm.cancel()
      socket.off('error', onError)
      socket.off('connect', onConnect)
      if (typeof result === 'string') {
        // Whatever is told after this is told to nobody.
        socket.on('error', () => {})
        socket.destroy()
      }
      resolve(result)
    }
    function onConnect(): void {
      end(socket)
    }
    socket.on('error', onError)
    socket.on('connect', onConnect)
  })
}
