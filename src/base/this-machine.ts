/** The addresses of the machine that this runs on. */
import { networkInterfaces } from 'node:os'
import { withoutZone } from './ip.ts'

/**
 * List this machine's addresses as they stand now: those of its interfaces, and 127.0.0.1 and ::1 even where loopback is down.
 * The rest of 127.0.0.0/8 is not among them: other parts of one machine, such as a proxy in front, may speak from there.
 */
export function addressesOfThisMachine(): readonly string[] {
  const addresses = new Set(['127.0.0.1', '::1'])
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address } of entries ?? []) addresses.add(withoutZone(address))
  }
  return [...addresses]
}
