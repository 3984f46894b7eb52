import type { Dns, DnsAnswer, MxRecord } from '#base/dns.ts'
import { parseAddress } from './client-address.ts'

/** What SPF asks of DNS. Every question resolves, and none rejects; names are lower case and without a dot at the end. */
export interface SpfDns {
  txt(name: string): Promise<DnsAnswer<{ readonly texts: readonly string[] }>>
  /** The addresses of one family only: A or AAAA. */
  addresses(name: string, family: 4 | 6): Promise<DnsAnswer<{ readonly addresses: readonly string[] }>>
  mx(name: string): Promise<DnsAnswer<{ readonly exchanges: readonly MxRecord[] }>>
  ptr(ip: string): Promise<DnsAnswer<{ readonly names: readonly string[] }>>
}

/** Ask by the server's own DNS. It gives both families at once: the other one is left out here. */
export function createSpfDns(dns: Pick<Dns, 'txt' | 'addresses' | 'mx' | 'ptr'>): SpfDns {
  return {
    txt: (name) => dns.txt(name),
    mx: (name) => dns.mx(name),
    ptr: (ip) => dns.ptr(ip),
    async addresses(name, family) {
      const answer = await dns.addresses(name)
      if (answer.is !== 'found') return answer
      const addresses = answer.addresses.filter((address) => parseAddress(address)?.family === family)
      return addresses.length === 0 ? { is: 'none', why: 'no data' } : { is: 'found', addresses }
    },
  }
}
