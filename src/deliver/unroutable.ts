import { isIP } from 'node:net'
import { normalizeIp, parseIPv4, readIPv6 } from '#base/ip.ts'

const words = new Uint32Array(4)

/**
 * Tell whether an address can never be another machine's: this network (0.0.0.0/8, ::), loopback, multicast, reserved
 * (RFC 6890 §2.2, RFC 4291 §2.4). A connection to 0.0.0.0 or :: ends on this machine.
 */
export function isUnroutable(given: string): boolean {
  // An IPv4 address may come as `::ffff:127.0.0.1` (RFC 4291 §2.5.5.2), and a connection to it is one to 127.0.0.1.
  const ip = normalizeIp(given) ?? given
  if (isIP(ip) === 4) {
    const first = Math.floor(parseIPv4(ip) / 2 ** 24)
    return first === 0 || first === 127 || first >= 224
  }
  if (!readIPv6(ip, words)) return true
  const [high, ...rest] = words
  if ((high as number) >>> 24 === 0xff) return true
  // `::/96`, which holds :: and ::1, is given to nobody (RFC 4291 §2.5.5.1).
  return high === 0 && rest[0] === 0 && rest[1] === 0
}
