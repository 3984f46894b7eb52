import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Connections opened at the same time while the crowd gathers. */
const AT_ONCE = 200

export interface IdleCrowd {
  readonly open: number
  readonly leave: () => Promise<void>
}

/**
 * Open connections that say EHLO, hear the answer and then keep silent. They come from many addresses of 127.0.0.0/8, as a crowd does.
 * Rejects when one of them is not greeted.
 */
export async function gatherIdleCrowd(port: number, size: number): Promise<IdleCrowd> {
  const sockets: Socket[] = []
  let next = 0
  async function arrive(): Promise<void> {
    while (next < size) {
      const number = next++
      sockets.push(
        await greet(port, `127.0.${1 + Math.floor(number / 20 / 250)}.${1 + (Math.floor(number / 20) % 250)}`),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, arrive))
  return {
    open: sockets.filter((socket) => !socket.destroyed).length,
    leave: async () => {
      await Promise.all(
        sockets.map((socket) => {
          const closed = once(socket, 'close')
          socket.destroy()
          return closed
        }),
      )
    },
  }
}

async function greet(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  const heard = async (wanted: RegExp) => {
    let text = ''
    while (!wanted.test(text)) {
      const [chunk] = (await Promise.race([
        once(socket, 'data'),
        once(socket, 'close').then(() => {
          throw new Error(`an idle connection was closed after ${JSON.stringify(text)}`)
        }),
      ])) as [Buffer]
      text += chunk.toString('latin1')
    }
  }
  await heard(/^220 .*\r\n$/m)
  socket.write('EHLO crowd.far.example\r\n')
  await heard(/^250 .*\r\n$/m)
  return socket
}
