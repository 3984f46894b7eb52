import { senderDomain } from '#base/sender-domain.ts'
import type { FactReaders, NameInDns } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import type { FactSources } from '../facts.ts'
import { when } from './when.ts'

type SenderFacts = Pick<FactReaders<Subject>, 'senderDomain' | 'senderOwner' | 'reverseName'>

/** Create the readers of who the client and the sender say they are. */
export function createSenderFacts({ dns, directory, store }: FactSources): SenderFacts {
  return {
    senderDomain({ sender = '' }): NameInDns | Promise<NameInDns> {
      const domain = domainOf(sender)
      // RFC 5321 §4.5.5: the null sender names no domain.
      return domain === undefined ? { is: 'found', what: 'no domain to look up' } : senderDomain(dns, domain)
    },

    senderOwner({ sender = '', user }) {
      const domain = domainOf(sender)
      if (domain === undefined) return { is: 'elsewhere' }
      return when(directory.isLocalDomain(domain), (isLocal) => {
        if (!isLocal) return { is: 'elsewhere' }
        if (user === undefined) return { is: 'local', own: false }
        return when(store.directory.owner(user), (owner) => {
          if (owner?.is !== 'user') return { is: 'local', own: false }
          return when(directory.ownsAddress(owner.user, sender), (own) => ({ is: 'local', own }))
        })
      })
    },

    reverseName: ({ ip }) =>
      when(dns.ptr(ip), (answer) =>
        answer.is === 'found' ? { is: 'found', what: answer.names.slice(0, 5).join(', ') } : answer,
      ),
  }
}

/** Give the domain of an address, lower case as written; undefined for the null sender and for a name without a domain. */
export function domainOf(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  return at === -1 ? undefined : address.slice(at + 1).toLowerCase()
}
