/** DNS for tests, out of a table: `{ 'example MX': '10 mx.example', 'mx.example A': '192.0.2.1' }`. */
import type { Dns, DnsNone, DnsUnknown } from '#base/dns.ts'
import type { TlsaData, ValidatedDns } from '#base/validated-dns.ts'

/**
 * The records of `NAME TYPE`, several separated by `, `; `unknown` for no answer, `NXDOMAIN` for no such name. `!` before them: DNSSEC
 * stands behind them. What is not there has no data. A is for both families.
 */
export type DnsTable = Readonly<Record<string, string>>

interface Read {
  readonly texts: readonly string[]
  readonly secure: { readonly secure?: true }
}

/** Create an asker of DNS that answers by a table; it notes what it is asked. */
export function scriptDns(
  table: DnsTable,
  asked: string[] = [],
): Pick<Dns, 'mx' | 'addresses' | 'txt'> & Pick<ValidatedDns, 'tlsa'> {
  function read(name: string, type: string): Read | DnsNone | DnsUnknown {
    asked.push(`${name} ${type}`)
    const entry = table[`${name} ${type}`] ?? ''
    const secure = entry.startsWith('!') ? ({ secure: true } as const) : {}
    const text = entry.replace('!', '')
    if (text === 'unknown') return { is: 'unknown', because: 'no answer' }
    if (text === 'NXDOMAIN') return { is: 'none', why: text, ...secure }
    if (text === '') return { is: 'none', why: 'no data', ...secure }
    return { texts: text.split(', '), secure }
  }

  return {
    async mx(name) {
      const found = read(name, 'MX')
      if ('is' in found) return found
      const exchanges = found.texts.map((text) => {
        const [preference = '', host = ''] = text.split(' ')
        return { preference: Number(preference), host: host === '.' ? '' : host }
      })
      return { is: 'found', exchanges: exchanges.sort((a, b) => a.preference - b.preference), ...found.secure }
    },
    async addresses(name) {
      const found = read(name, 'A')
      if ('is' in found) return found
      // `ALIAS=` before the addresses: the name behind an alias.
      const [, canonical] = /^(.*)=/.exec(found.texts[0] ?? '') ?? []
      const addresses = found.texts.map((text) => text.replace(/^.*=/, ''))
      return { is: 'found', addresses, ...found.secure, ...(canonical === undefined ? {} : { canonical }) }
    },
    async txt(name) {
      const found = read(name, 'TXT')
      return 'is' in found ? found : { is: 'found', texts: found.texts }
    },
    async tlsa(name) {
      const found = read(name, 'TLSA')
      return 'is' in found ? found : { is: 'found', records: found.texts.map(tlsaOf), ...found.secure }
    },
  }
}

function tlsaOf(text: string): TlsaData {
  const [usage, selector, matching, hex = ''] = text.split(' ')
  return {
    usage: Number(usage),
    selector: Number(selector),
    matching: Number(matching),
    data: Uint8Array.from(Buffer.from(hex, 'hex')),
  }
}
