import { createRandom, type Random } from './random.ts'

/** One message that a client tried to send, and what became of it. Its bytes follow from the first three. */
export interface Attempt {
  readonly id: string
  readonly seed: number
  readonly sizeBytes: number
  readonly recipients: readonly string[]
  readonly by: 'DATA' | 'BDAT'
  /** The last answer to the whole message; undefined when none came. */
  reply: string | undefined
}

/** Tell whether the server has taken this message on. */
export function isAcknowledged({ reply }: Attempt): boolean {
  return reply?.startsWith('250') ?? false
}

/** Choose a size: mostly small, some large, and some beyond what the store takes in one piece (128 KiB). */
export function chooseSize(random: Random): number {
  if (random.chance(0.6)) return random.integer(100, 8 * 1024)
  if (random.chance(0.7)) return random.integer(8 * 1024, 100 * 1024)
  return random.integer(100 * 1024, 300 * 1024)
}

/** Write the message of an attempt: its id in the first field, lines of any bytes that SMTP may carry, dots in front of some. */
export function messageBytes({ id, seed, sizeBytes }: Pick<Attempt, 'id' | 'seed' | 'sizeBytes'>): Buffer {
  const random = createRandom(seed)
  const head = Buffer.from(`X-Crash-Id: ${id}\r\nFrom: <load@far.example>\r\nSubject: round\r\n\r\n`)
  const bytes = Buffer.alloc(Math.max(sizeBytes, head.length + 4))
  head.copy(bytes)
  let at = head.length
  while (at < bytes.length) {
    const room = bytes.length - at - 2
    const length = room <= 80 ? room : Math.min(random.integer(0, 78), room - 4)
    for (let column = 0; column < length; column++) {
      // A dot at the start of a line is what transparency is about (RFC 5321 §4.5.2).
      const dotted = column === 0 && random.chance(0.2)
      bytes[at + column] = dotted ? 0x2e : random.chance(0.1) ? random.integer(0xa0, 0x100) : random.integer(0x20, 0x7f)
    }
    bytes[at + length] = 0x0d
    bytes[at + length + 1] = 0x0a
    at += length + 2
  }
  return bytes
}

/** Read the id out of a message as it stands in a mailbox; undefined where there is none. */
export function idOf(received: Buffer): { readonly id: string; readonly startsAt: number } | undefined {
  const at = received.indexOf('\r\nX-Crash-Id: ')
  if (at === -1) return undefined
  const startsAt = at + 2
  const end = received.indexOf('\r\n', startsAt)
  return { id: received.toString('latin1', startsAt + 'X-Crash-Id: '.length, end), startsAt }
}
