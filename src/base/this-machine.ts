/** The addresses of the machine that this runs on. */
import { networkInterfaces } from 'node:os'
import { withoutZone } from './ip.ts'

/** List this machine's addresses as they stand now, with all of loopback. */
export function addressesOfThisMachine(): readonly string[] {
  const addresses = new Set(['127.0.0.0/8', '::1'])
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address } of entries ?? []) addresses.add(withoutZone(address))
  }
  return [...addresses]
}
