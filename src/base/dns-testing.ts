/** A DNS server for tests, on loopback and a port of its own, that answers as its script says: right, wrong, late or never. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

const TYPES = { A: 1, NS: 2, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, TLSA: 52 } as const
export type ScriptedType = keyof typeof TYPES
const CODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

export interface ScriptedRecord {
  readonly type: ScriptedType
  readonly ttl?: number
  /** The owner; absent: the name asked for. */
  readonly name?: string
  /** `192.0.2.1`, `10 mail.example`, `3 1 1 HEX`, a name, a text; or the bytes themselves. */
  readonly data: string | Uint8Array
}

export type ScriptedReply =
  /** No answer at all. */
  | 'silence'
  | Uint8Array
  | {
      readonly code?: keyof typeof CODES
      readonly answers?: readonly ScriptedRecord[]
      /** Say that DNSSEC was validated (the AD bit). */
      readonly secure?: true
      /** Say over UDP that the answer does not fit, so that it is asked for again over TCP. */
      readonly truncated?: true
      /** Answer another question than the one asked. */
      readonly question?: { readonly name: string; readonly type: ScriptedType }
      /** Answer under another number than the question's. */
      readonly wrongId?: true
    }

export interface Asked {
  /** Lower case. */
  readonly name: string
  readonly type: string
  readonly over: 'udp' | 'tcp'
}

export interface ScriptedDns {
  /** `127.0.0.1:PORT`, as `dns.servers` takes it. */
  readonly server: string
  readonly asked: readonly Asked[]
  stop(): Promise<void>
}

/** Start a scripted DNS server. */
export async function startScriptedDns(
  script: (asked: Asked) => ScriptedReply | Promise<ScriptedReply>,
): Promise<ScriptedDns> {
  const asked: Asked[] = []
  const open = new Set<Socket>()

  async function answer(packet: Buffer, over: Asked['over']): Promise<Uint8Array | undefined> {
    const question = readQuestion(packet)
    const one = { name: question.name.toLowerCase(), type: question.type, over }
    asked.push(one)
    const reply = await script(one)
    if (reply === 'silence') return undefined
    if (isBytes(reply)) return reply
    return writeReply(packet, question, reply, over === 'udp' && reply.truncated === true)
  }

  const tcp = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => {})
    let held = Buffer.alloc(0)
    socket.on('data', async (piece: Buffer) => {
      held = Buffer.concat([held, piece])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const packet = held.subarray(2, 2 + held.readUInt16BE(0))
        held = held.subarray(2 + packet.length)
        const reply = await answer(packet, 'tcp')
        // RFC 1035 §4.2.2: the length goes before.
        if (reply !== undefined) socket.write(Buffer.concat([uint16(reply.length), reply]))
      }
    })
  })
  const udp = createSocket('udp4')
  udp.on('message', async (packet, { port, address }) => {
    const reply = await answer(packet, 'udp')
    if (reply !== undefined) udp.send(reply, port, address, () => {})
  })

  // Both on one port: the system picks it for TCP, and picks again where UDP's of that number is taken.
  let port = 0
  for (let tries = 0; port === 0; tries += 1) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port: picked } = tcp.address() as { port: number }
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false))
      udp.bind(picked, '127.0.0.1', () => resolve(true))
    })
    if (bound) port = picked
    else if (tries < 20) await new Promise((resolve) => tcp.close(resolve))
    else throw new Error('found no port that is free for both TCP and UDP')
  }

  return {
    server: `127.0.0.1:${port}`,
    asked,
    async stop() {
      for (const socket of open) socket.destroy()
      await Promise.all([new Promise((done) => tcp.close(done)), new Promise<void>((done) => udp.close(done))])
    },
  }
}

function isBytes(reply: ScriptedReply): reply is Uint8Array {
  return reply instanceof Uint8Array
}

interface Question {
  readonly name: string
  readonly type: string
  /** Where it ends in the packet. */
  readonly end: number
}

function readQuestion(packet: Buffer): Question {
  const labels: string[] = []
  let at = 12
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = packet.readUInt16BE(at + 1)
  const known = Object.entries(TYPES).find(([, number]) => number === type)
  return { name: labels.join('.'), type: known?.[0] ?? String(type), end: at + 5 }
}

function writeReply(
  packet: Buffer,
  question: Question,
  reply: Exclude<ScriptedReply, 'silence' | Uint8Array>,
  isTruncated: boolean,
): Buffer {
  const { code = 'NOERROR', answers = [], wrongId, secure } = reply
  const shown = isTruncated ? [] : answers
  const header = Buffer.alloc(12)
  header.writeUInt16BE((packet.readUInt16BE(0) + (wrongId === true ? 1 : 0)) & 0xffff, 0)
  // RFC 1035 §4.1.1: a response, recursion desired and available.
  header.writeUInt16BE(0x8180 | (isTruncated ? 0x0200 : 0) | (secure ? 0x20 : 0) | CODES[code], 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(shown.length, 6)
  const asked =
    reply.question === undefined
      ? packet.subarray(12, question.end)
      : Buffer.concat([nameBytes(reply.question.name), uint16(TYPES[reply.question.type]), uint16(1)])
  const records = shown.map(({ type, ttl = 60, name, data }) => {
    const owner = nameBytes(name ?? reply.question?.name ?? question.name)
    const rdata = rdataOf(type, data)
    const seconds = Buffer.alloc(4)
    seconds.writeUInt32BE(ttl)
    return Buffer.concat([owner, uint16(TYPES[type]), uint16(1), seconds, uint16(rdata.length), rdata])
  })
  return Buffer.concat([header, asked, ...records])
}

function rdataOf(type: ScriptedType, data: string | Uint8Array): Uint8Array {
  if (typeof data !== 'string') return data
  switch (type) {
    case 'A':
      return Uint8Array.from(data.split('.'), Number)
    case 'AAAA':
      return Buffer.from(
        data
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      )
    case 'MX': {
      const [preference = '', host = ''] = data.split(' ')
      return Buffer.concat([uint16(Number(preference)), nameBytes(host)])
    }
    case 'TLSA': {
      const [usage, selector, matching, hex = ''] = data.split(' ')
      return Buffer.concat([Uint8Array.from([usage, selector, matching].map(Number)), Buffer.from(hex, 'hex')])
    }
    case 'TXT': {
      const pieces = data.match(/.{1,255}/gs) ?? ['']
      return Buffer.concat(
        pieces.map((piece) => Buffer.concat([Buffer.of(piece.length), Buffer.from(piece, 'latin1')])),
      )
    }
    default:
      return nameBytes(data)
  }
}

/** Write a name as labels (RFC 1035 §3.1); `''` and `.` are the root. */
function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  const parts = labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]))
  return Buffer.concat([...parts, Buffer.of(0)])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
