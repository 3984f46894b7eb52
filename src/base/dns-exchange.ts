/** One question to one DNS server, over UDP, and over TCP where the answer does not fit (RFC 1035 §4.2, RFC 7766). */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { AUTHENTIC_DATA, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet'
import type { Clock } from './clock.ts'
import { messageOf } from './fault.ts'

export interface DnsServer {
  readonly address: string
  readonly port: number
}

export type QuestionType = 'A' | 'AAAA' | 'MX' | 'TLSA'

export interface Question {
  /** In its one form (`normalizeDnsName`, service labels before it). */
  readonly name: string
  readonly type: QuestionType
}

/** What fits into one packet on every network (RFC 9715 §3.1). */
const UDP_BYTES = 1232
/** Packets that do not answer the question: whoever forges answers sends many, and a slow server a few. */
const MOST_STRAY_PACKETS = 100
/** RFC 1035 §4.2.2: as the length before it says. */
const MOST_TCP_BYTES = 2 + 65_535
const ENDED = 'the question was ended'

/** What exchanges have in common. */
export interface ExchangeParts {
  readonly clock: Clock
  /** Ends each exchange that is under way. */
  readonly underWay: Set<() => void>
}

/** Ask; gives the packet that answers, or a sentence that says what went wrong. Sockets are closed when it resolves. */
export async function exchange(
  question: Question,
  server: DnsServer,
  timeoutMs: number,
  parts: ExchangeParts,
): Promise<DecodedPacket | string> {
  const id = randomInt(65_536)
  const packet = encode({
    type: 'query',
    id,
    // RFC 6840 §5.7: AD in a question says that the AD of the answer is understood.
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ ...question, class: 'IN' }],
    // RFC 3225 §3: DO asks for what DNSSEC has to say.
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: UDP_BYTES, flags: 0x8000, options: [] } as never],
  })
  const read = (bytes: Uint8Array) => readAnswer(bytes, id, question)
  const overUdp = await askUdp(packet, server, timeoutMs, parts, read)
  if (typeof overUdp === 'string' || !overUdp.flag_tc) return overUdp
  return askTcp(packet, server, timeoutMs, parts, read)
}

type Read = (bytes: Uint8Array) => DecodedPacket | undefined

function askUdp(
  packet: Uint8Array,
  { address, port }: DnsServer,
  timeoutMs: number,
  { clock, underWay }: ExchangeParts,
  read: Read,
): Promise<DecodedPacket | string> {
  return new Promise((resolve) => {
    // A socket of its own: the system gives each question a port by chance (RFC 5452 §9.2).
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const alarm = clock.after(timeoutMs, () => end('no answer'))
    const abandon = () => end(ENDED)
    underWay.add(abandon)
    let strays = 0
    function end(result: DecodedPacket | string): void {
      if (!underWay.delete(abandon)) return
      alarm.cancel()
      socket.close()
      resolve(result)
    }
    socket.on('error', (error) => end(messageOf(error)))
    socket.on('message', (bytes) => {
      const answer = read(bytes)
      if (answer !== undefined) end(answer)
      else if (++strays >= MOST_STRAY_PACKETS) end('only packets that do not answer the question')
    })
    // Connected, so that the system drops what comes from elsewhere (RFC 5452 §9.1). No callback: it would be called for a network
    // that is down as well, and swallow the error.
    socket.on('connect', () => socket.send(packet))
    socket.connect(port, address)
  })
}

function askTcp(
  packet: Uint8Array,
  { address, port }: DnsServer,
  timeoutMs: number,
  { clock, underWay }: ExchangeParts,
  read: Read,
): Promise<DecodedPacket | string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const alarm = clock.after(timeoutMs, () => end('no answer over TCP'))
    const abandon = () => end(ENDED)
    underWay.add(abandon)
    let held: Buffer = Buffer.alloc(0)
    function end(result: DecodedPacket | string): void {
      if (!underWay.delete(abandon)) return
      alarm.cancel()
      socket.destroy()
      resolve(result)
    }
    socket.on('error', (error) => end(messageOf(error)))
    socket.on('end', () => end('the connection was closed before the answer'))
    socket.on('data', (piece: Buffer) => {
      held = held.length === 0 ? piece : Buffer.concat([held, piece])
      const wanted = held.length < 2 ? MOST_TCP_BYTES : 2 + held.readUInt16BE(0)
      if (held.length >= wanted) end(read(held.subarray(2, wanted)) ?? 'an answer that is none')
    })
    const head = Buffer.alloc(2)
    head.writeUInt16BE(packet.length)
    socket.write(Buffer.concat([head, packet]))
  })
}

/** Read a packet if it answers just this question (RFC 5452 §9.1); undefined for any other, and for what is damaged. */
function readAnswer(bytes: Uint8Array, id: number, { name, type }: Question): DecodedPacket | undefined {
  if (bytes.length < 12 || ((bytes[0] as number) << 8) + (bytes[1] as number) !== id) return undefined
  try {
    const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const [asked, ...more] = packet.questions ?? []
    if (packet.type !== 'response' || asked === undefined || more.length > 0) return undefined
    return asked.name.toLowerCase() === name && asked.type === type ? packet : undefined
  } catch {
    // Whoever sent it, it is no DNS packet.
    return undefined
  }
}
