const LF = 10
const CR = 13

/** More of a line than this is not looked at. Message-IDs are far shorter (a line has at most 998 octets, RFC 5322 §2.1.1). */
const LINE_OCTETS = 1000

/** The fields that are read begin with m, r or t. */
const BEGINNINGS: ReadonlySet<number> = new Set([0x6d, 0x72, 0x74])
/** The content of TLS-Required; comments may stand around it (RFC 5322 §3.2.2). */
const NO = /^(?:\s|\([^()\\]*\))*no(?:\s|\([^()\\]*\))*$/i

/**
 * Reads a message's header as it streams by: counts its Received lines, takes its Message-ID, and tells whether it
 * says `TLS-Required: No`. Whatever the size of the header,
 * it holds one bounded line. The pieces may be cut anywhere.
 */
export class HeaderScan {
  /** Received fields so far (RFC 5321 §6.3). */
  received = 0
  /** The first Message-ID field's content, without blanks around it. */
  messageId: string | undefined
  /** The header is over: an empty line came. */
  done = false
  /** The start of the line in progress, when a piece ended inside it. */
  #carried = ''
  #carries = false
  /** The Message-ID field's content stands on its next line (folded). */
  #awaitsId = false
  /** TLS-Required fields so far, and the first one's content, which may be folded. */
  #tlsFields = 0
  #tlsRequired = ''
  #isInTlsRequired = false

  /** RFC 8689 §3, §5: exactly one TLS-Required field, and it says No. */
  get tlsOptional(): boolean {
    return this.#tlsFields === 1 && NO.test(this.#tlsRequired)
  }

  push(piece: Uint8Array): void {
    if (this.done) return
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    let start = 0
    while (start < bytes.length && !this.done) {
      const end = bytes.indexOf(LF, start)
      if (end === -1) {
        this.#carry(bytes, start)
        return
      }
      if (this.#carries) {
        this.#carry(bytes, start, end + 1)
        this.#read(this.#carried)
        this.#carries = false
        this.#carried = ''
      } else this.#look(bytes, start, end)
      start = end + 1
    }
  }

  /** Read a line that is whole in this piece: most of them need one octet looked at. */
  #look(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start] as number
    if (first === LF || (first === CR && end === start + 1)) this.done = true
    else if (this.#awaitsId || this.#isInTlsRequired || BEGINNINGS.has(first | 32)) {
      this.#read(bytes.toString('latin1', start, Math.min(end, start + LINE_OCTETS)))
    }
  }

  #carry(bytes: Buffer, start: number, end = bytes.length): void {
    this.#carries = true
    const room = LINE_OCTETS - this.#carried.length
    if (room > 0) this.#carried += bytes.toString('latin1', start, Math.min(end, start + room))
  }

  #read(line: string): void {
    if (line === '\r\n' || line === '\n') {
      this.done = true
      return
    }
    if (this.#awaitsId) {
      this.#awaitsId = false
      if (/^[ \t]/.test(line)) this.#takeId(line)
    }
    if (this.#isInTlsRequired) {
      this.#isInTlsRequired = /^[ \t]/.test(line)
      if (this.#isInTlsRequired) this.#takeTlsRequired(line)
    }
    // RFC 5322 §4.5 (obsolete syntax) allows blanks before the colon.
    if (/^received[ \t]*:/i.test(line)) this.received += 1
    else if (/^tls-required[ \t]*:/i.test(line)) {
      this.#tlsFields += 1
      this.#isInTlsRequired = this.#tlsFields === 1
      if (this.#isInTlsRequired) this.#takeTlsRequired(line.slice(line.indexOf(':') + 1))
    } else if (this.messageId === undefined && /^message-id[ \t]*:/i.test(line)) {
      this.#takeId(line.slice(line.indexOf(':') + 1))
      this.#awaitsId = this.messageId === undefined
    }
  }

  #takeTlsRequired(text: string): void {
    // What is longer says something else.
    this.#tlsRequired = (this.#tlsRequired + text).slice(0, LINE_OCTETS)
  }

  #takeId(text: string): void {
    const id = text.trim()
    if (id !== '') this.messageId = id
  }
}
