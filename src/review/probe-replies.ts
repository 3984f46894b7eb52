import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'

/** A reply longer than this is none (RFC 5321 §4.5.3.1.5 has 512 octets a line; EHLO has some tens of them). */
const MOST_REPLY_OCTETS = 64 * 1024

/** Reads the replies of a server that may be anything. Memory is bounded; trouble is an error of `next`. */
export class ReplyReader {
  #received = ''
  #ended: Error | undefined
  #wake: (() => void) | undefined

  constructor(socket: Duplex) {
    socket.on('data', (chunk: Buffer | string) => {
      if (this.#ended !== undefined) return
      this.#received += typeof chunk === 'string' ? chunk : chunk.toString('latin1')
      if (this.#received.length > MOST_REPLY_OCTETS) this.#end(new Error('a reply without an end'))
      this.#wake?.()
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('end', () => this.#end(new Error('the server closed the connection')))
    socket.on('close', () => this.#end(new Error('the server closed the connection')))
  }

  /** Give the last line of the next reply, without its end; rejects when none comes in this time, or ever. */
  async next(clock: Clock, patienceMs: number): Promise<string> {
    let isLate = false
    const alarm = clock.after(patienceMs, () => {
      isLate = true
      this.#wake?.()
    })
    try {
      for (;;) {
        const line = this.#line()
        if (line !== undefined) {
          // RFC 5321 §4.2.1: all lines but the last have a hyphen behind the code.
          if (/^\d{3}(?: |$)/.test(line)) return line
          if (!/^\d{3}-/.test(line)) throw new Error(`no SMTP reply: ${line.slice(0, 100)}`)
          continue
        }
        if (this.#ended !== undefined) throw this.#ended
        if (isLate) throw new Error('no reply in time')
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      alarm.cancel()
      this.#wake = undefined
    }
  }

  #line(): string | undefined {
    const end = this.#received.indexOf('\n')
    if (end === -1) return undefined
    const line = this.#received.slice(0, end).replace(/\r$/, '')
    this.#received = this.#received.slice(end + 1)
    return line
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }
}
