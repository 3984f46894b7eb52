import type { Socket } from 'node:net'
import type { Block } from '#base/block.ts'
import { replyToBlocked } from '#gate/rules/blocked.ts'
import { formatReply as formatPop3Reply } from '#pop3/replies.ts'
import type { Settings } from '#settings/schema.ts'
import { formatReply } from '#smtp/replies.ts'
import type { Binding } from './messages.ts'

/**
 * Tell a blocked client so, and close, before it costs a session: nothing is read, kept or written down. It is what the rule
 * `blocked` would say; that rule is asked where a session was open before the block.
 */
export function turnAway(socket: Socket, service: Binding['service'], block: Block, settings: Settings): void {
  socket.on('error', ignore)
  const line = lineFor(service, block, settings)
  // The kernel takes a line this short at once; who does not wait for it, or has talked before, may not see it.
  if (line !== undefined) socket.write(line, 'latin1')
  socket.destroy()
}

/** Write what the client is told; undefined where it would take a TLS handshake to tell it. */
function lineFor(service: Binding['service'], { reason, ref }: Block, settings: Settings): string | undefined {
  const reply = replyToBlocked(reason, settings)
  switch (service) {
    case 'smtp':
    case 'submission':
      return `${formatReply(reply, ref)}\r\n`
    case 'pop3':
      return formatPop3Reply(reply, ref)
    case 'submissions':
    case 'pop3s':
      return undefined
  }
}

function ignore(): void {}
