import { lookup } from 'node:dns/promises'

/** Look a name up as the system does (hosts file, search domains); gives none where that fails. */
export async function systemAddresses(name: string): Promise<readonly string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}
