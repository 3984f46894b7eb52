import { createHmac, timingSafeEqual } from 'node:crypto'

/** The two halves of an address, without quotes. */
interface Halves {
  readonly local: string
  readonly domain: string
}

/**
 * The Sender Rewriting Scheme: mail that is forwarded leaves under an address of ours, of which its sender can be read back, so
 * that the next server's SPF check passes and its bounces find the way home. The forms are those of libsrs2:
 * `SRS0=hash=day=domain=local`, and `SRS1=hash=domain=…` for what another forwarder has rewritten before.
 */
export interface Srs {
  /** Give the local part that stands for a sender; undefined where it would be longer than an address may be. */
  forward(sender: Halves, nowMs: number): string | undefined
  /**
   * Read a local part back. `none`: it is no such name. `invalid`: it is one, and was not made here, was changed, or is older than
   * 21 days: whoever may write one of his own could send mail through here to anybody.
   */
  reverse(local: string, nowMs: number): (Halves & { readonly is: 'sender' }) | { readonly is: 'none' | 'invalid' }
}

/** RFC 5321 §4.5.3.1.1 */
const LOCAL_PART_OCTETS = 64
/** The hash has as many characters as there is room for, between these. */
const LONGEST_HASH = 8
const SHORTEST_HASH = 4
const DAY_MS = 86_400_000
/** Days are counted in two digits to base 32. */
const DAYS_AROUND = 1024
const FRESH_DAYS = 21

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
// After the first word other forwarders put + or - as well.
const SRS0 = /^SRS0[=+-]([^=]*)=([A-Z2-7]{2})=([^=]+)=(.+)$/isu
const SRS1 = /^SRS1[=+-]([^=]*)=([^=]+)=([=+-].+)$/isu
const FOREIGN_SRS0 = /^SRS0([=+-].+)$/isu
const FOREIGN_DAY = /^[=+-][^=]*=([A-Z2-7]{2})=/i

/** Create the rewriter of senders over a secret of this server. */
export function createSrs(secret: Uint8Array): Srs {
  // The secret serves other purposes too: each has a key of its own.
  const key = createHmac('sha256', secret).update('postern srs').digest()

  /** Letter case is no part of it: servers on the way may change it. The digits hold no `+`, which begins a detail elsewhere. */
  function hash(length: number, ...parts: readonly string[]): string {
    const digest = createHmac('sha256', key).update(parts.join('=').toLowerCase()).digest()
    return Array.from(digest.subarray(0, length), (octet) => DIGITS[octet & 31]).join('')
  }

  function join(tag: 'SRS0' | 'SRS1', ...parts: readonly string[]): string | undefined {
    const length = hashLength(parts)
    return length < SHORTEST_HASH ? undefined : [tag, hash(length, tag, ...parts), ...parts].join('=')
  }

  function isRight(given: string, tag: 'SRS0' | 'SRS1', ...parts: readonly string[]): boolean {
    const length = hashLength(parts)
    if (length < SHORTEST_HASH || given.length !== length) return false
    const wanted = Buffer.from(hash(length, tag, ...parts))
    const got = Buffer.from(given.toUpperCase())
    return got.length === wanted.length && timingSafeEqual(got, wanted)
  }

  return {
    forward({ local, domain }, nowMs) {
      const again = SRS1.exec(local)
      if (again !== null) return join('SRS1', again[2] as string, again[3] as string)
      const first = FOREIGN_SRS0.exec(local)
      if (first !== null) return join('SRS1', domain, first[1] as string)
      return join('SRS0', formatDay(nowMs), domain, local)
    },
    reverse(text, nowMs) {
      const [, given0 = '', day = '', domain = '', local = ''] = SRS0.exec(text) ?? []
      if (domain !== '') {
        const isGood = isRight(given0, 'SRS0', day, domain, local) && isFresh(day, nowMs)
        return isGood ? { is: 'sender', local, domain } : { is: 'invalid' }
      }
      const [, given1 = '', host = '', rest = ''] = SRS1.exec(text) ?? []
      if (host !== '') {
        const theirDay = FOREIGN_DAY.exec(rest)?.[1]
        const isGood = isRight(given1, 'SRS1', host, rest) && theirDay !== undefined && isFresh(theirDay, nowMs)
        return isGood ? { is: 'sender', local: `SRS0${rest}`, domain: host } : { is: 'invalid' }
      }
      return { is: 'none' }
    },
  }
}

/** How long a hash before these parts may be; the same when it is written and when it is read. */
function hashLength(parts: readonly string[]): number {
  const others = Buffer.byteLength(['SRS0', '', ...parts].join('='))
  return Math.min(LONGEST_HASH, LOCAL_PART_OCTETS - others)
}

function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) % DAYS_AROUND
}

function formatDay(nowMs: number): string {
  const day = dayOf(nowMs)
  return `${DIGITS[day >> 5]}${DIGITS[day & 31]}`
}

/** The other forwarder's clock may be a day ahead. */
function isFresh(text: string, nowMs: number): boolean {
  const [high = '', low = ''] = text.toUpperCase()
  const day = DIGITS.indexOf(high) * 32 + DIGITS.indexOf(low)
  return (dayOf(nowMs) - day + 1 + DAYS_AROUND) % DAYS_AROUND <= FRESH_DAYS + 1
}
