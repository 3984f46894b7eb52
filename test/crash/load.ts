/** Clients that send as real ones do, all at once, and write down what they were told. */

import { Gone, Wire } from '../wire.ts'
import { type Attempt, chooseSize, messageBytes } from './message.ts'
import { createRandom, type Random } from './random.ts'

export interface Load {
  /** Every message tried so far; the last answers are filled in as they come. */
  readonly attempts: readonly Attempt[]
  /** Begin no further message, and resolve when every client has ended. */
  readonly end: () => Promise<void>
}

export interface LoadOptions {
  readonly port: number
  readonly clients: number
  readonly recipients: readonly string[]
  readonly seed: number
  /** Names this round in the ids. */
  readonly round: number
}

/** Start the clients. They stop by themselves when the server is gone; anything else that they meet is thrown by `end`. */
export function startLoad(options: LoadOptions): Load {
  const attempts: Attempt[] = []
  let going = true

  async function client(number: number): Promise<void> {
    const random = createRandom(options.seed * 1000 + number)
    let count = 0
    while (going) {
      try {
        const wire = await openSession(options.port)
        const messages = random.integer(1, 20)
        for (let sent = 0; sent < messages && going; sent++) {
          const attempt: Attempt = {
            id: `${options.round}-${number}-${count++}`,
            seed: random.integer(0, 2 ** 31),
            sizeBytes: chooseSize(random),
            recipients: chooseRecipients(random, options.recipients),
            by: random.pick(['DATA', 'BDAT'] as const),
            reply: undefined,
          }
          attempts.push(attempt)
          if (random.chance(0.05)) {
            await sendInPart(wire, attempt, random)
            break
          }
          await send(wire, attempt, random)
        }
        wire.close()
      } catch (error) {
        if (!(error instanceof Gone)) throw error
        // The server is killed in this very moment, or was by another's: there is nobody to talk to until the next round.
        if (!(await answers(options.port))) return
      }
    }
  }

  const clients = Promise.allSettled(Array.from({ length: options.clients }, (_, number) => client(number)))
  return {
    attempts,
    async end() {
      going = false
      for (const result of await clients) if (result.status === 'rejected') throw result.reason
    },
  }
}

/** Open a connection and say EHLO. */
export async function openSession(port: number): Promise<Wire> {
  const wire = await Wire.open(port)
  expect(await wire.reply(), '220')
  await wire.write('EHLO load.far.example\r\n')
  expect(await wire.reply(), '250')
  return wire
}

/** Send one message, and keep the answer to the whole of it. */
export async function send(wire: Wire, attempt: Attempt, random: Random): Promise<void> {
  if (!(await envelope(wire, attempt))) return
  const message = messageBytes(attempt)
  if (attempt.by === 'DATA') {
    await wire.write('DATA\r\n')
    const ready = await wire.reply()
    if (!ready.startsWith('354')) {
      attempt.reply = ready
      return
    }
    await writeInPieces(wire, stuffed(message), random)
    await wire.write('.\r\n')
    attempt.reply = await wire.reply()
    return
  }
  for (const [piece, last] of chunksOf(message, random)) {
    await wire.write(`BDAT ${piece.length}${last ? ' LAST' : ''}\r\n`)
    await wire.write(piece)
    const reply = await wire.reply()
    if (last || !reply.startsWith('250')) {
      attempt.reply = reply
      return
    }
  }
}

/** Begin a message and hang up in the middle of it. */
async function sendInPart(wire: Wire, attempt: Attempt, random: Random): Promise<void> {
  if (!(await envelope(wire, attempt))) return
  const message = messageBytes(attempt)
  // Stuffed as well: a lone dot in the part would end the message and make it whole.
  const sent = attempt.by === 'DATA' ? stuffed(message) : message
  const part = sent.subarray(0, random.integer(1, sent.length))
  await wire.write(attempt.by === 'DATA' ? 'DATA\r\n' : `BDAT ${message.length} LAST\r\n`)
  if (attempt.by === 'DATA') await wire.reply()
  await wire.write(part)
  wire.close()
}

async function envelope(wire: Wire, attempt: Attempt): Promise<boolean> {
  await wire.write('MAIL FROM:<load@far.example> BODY=8BITMIME\r\n')
  const commands = attempt.recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`)
  const sender = await wire.reply()
  if (!sender.startsWith('250')) {
    attempt.reply = sender
    return false
  }
  await wire.write(commands.join(''))
  const replies: string[] = []
  for (const _ of commands) replies.push(await wire.reply())
  const refused = replies.find((reply) => !reply.startsWith('250'))
  if (refused === undefined) return true
  attempt.reply = refused
  await wire.write('RSET\r\n')
  expect(await wire.reply(), '250')
  return false
}

function expect(reply: string, code: string): void {
  if (reply.startsWith('421')) throw new Gone(reply)
  if (!reply.startsWith(code)) throw new Error(`Expected ${code}, got ${reply}`)
}

/** Put a dot before each that begins a line (RFC 5321 §4.5.2). */
function stuffed(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replaceAll(/^\./gm, '..'), 'latin1')
}

async function writeInPieces(wire: Wire, bytes: Buffer, random: Random): Promise<void> {
  let at = 0
  while (at < bytes.length) {
    const next = Math.min(bytes.length, at + random.integer(1, 64 * 1024))
    await wire.write(bytes.subarray(at, next))
    at = next
  }
}

function chunksOf(message: Buffer, random: Random): readonly (readonly [Buffer, boolean])[] {
  const chunks: [Buffer, boolean][] = []
  let at = 0
  while (at < message.length) {
    const next = Math.min(message.length, at + random.integer(1, 160 * 1024))
    chunks.push([message.subarray(at, next), next === message.length])
    at = next
  }
  return chunks
}

function chooseRecipients(random: Random, all: readonly string[]): readonly string[] {
  const count = random.chance(0.7) ? 1 : random.integer(1, all.length + 1)
  const start = random.integer(0, all.length)
  return Array.from({ length: count }, (_, index) => all[(start + index) % all.length] as string)
}

async function answers(port: number): Promise<boolean> {
  try {
    const wire = await Wire.open(port)
    wire.close()
    return true
  } catch {
    return false
  }
}
