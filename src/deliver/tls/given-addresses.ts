import { isIP, type LookupFunction } from 'node:net'

/** Create the lookup of a connection that goes to addresses which our own questions have found, whatever its host is called. */
export function givenAddresses(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, done) => {
    const [first] = all
    if (options.all === true) done(null, all)
    else done(null, first?.address ?? '', first?.family ?? 4)
  }
}
