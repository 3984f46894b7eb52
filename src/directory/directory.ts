import { type Clock, systemClock } from '#base/clock.ts'
import { createSrs } from '#base/srs.ts'
import type { MailboxStore, UserRow } from '#store/contract.ts'
import { normalizeDomain } from './address.ts'
import type { Directory } from './contract.ts'
import { type DirectoryReads, ownerOf, type Place, placeOf } from './locate.ts'
import { MAX_DEPTH, type ResolveReads, resolveAddress } from './resolve.ts'
import { type Asking, ask, settle } from './settle.ts'

/**
 * Open the directory over a store. It keeps nothing: each answer is of the store as it stands. With the server's secret it knows the
 * addresses that stand for senders of what was forwarded (SRS); with its name, those that every server must have.
 */
export function openDirectory({
  store,
  srsSecret,
  hostname,
  clock = systemClock,
}: {
  readonly store: { readonly directory: DirectoryReads; readonly mailboxes: Pick<MailboxStore, 'usage'> }
  readonly srsSecret?: Uint8Array
  readonly hostname?: () => string
  readonly clock?: Pick<Clock, 'nowMs'>
}): Directory {
  const { directory, mailboxes } = store
  const srs = srsSecret === undefined ? undefined : createSrs(srsSecret)
  const reads: ResolveReads = {
    domain: (name) => directory.domain(name),
    domains: () => directory.domains(),
    owner: (address) => directory.owner(address),
    wildcardAliases: (domain) => directory.wildcardAliases(domain),
    firstUser: () => directory.firstUser(),
    usage: (mailboxId) => mailboxes.usage(mailboxId),
    ...(hostname && { serverName: hostname }),
    ...(srs && { rewrittenSender: (local: string) => srs.reverse(local, clock.nowMs()) }),
  }
  return {
    resolve: (address, sizeBytes) => settle(resolveAddress(reads, address, sizeBytes)),
    isLocalDomain: (domain) => settle(isLocal(reads, domain)),
    findLogin: (name) => settle(findLogin(reads, name)),
    ownsAddress: (user, address) => settle(owns(reads, user, address)),
  }
}

function* isLocal(reads: DirectoryReads, text: string): Asking<boolean> {
  const domain = normalizeDomain(text)
  return domain !== undefined && (yield* ask(reads.domain(domain))) !== undefined
}

/**
 * Find the one form of a login name: the address in our own domain, whichever alias of the domain was written. A local part
 * alone will do where there is one domain. undefined when it can be nobody's.
 */
export function* loginAddress(
  reads: Pick<DirectoryReads, 'domain' | 'domains'>,
  name: string,
): Asking<string | undefined> {
  let text = name
  if (!name.includes('@')) {
    const real = (yield* ask(reads.domains())).filter(({ aliasOf }) => aliasOf === undefined)
    if (real.length !== 1) return undefined
    text = `${name}@${real[0]?.name}`
  }
  const place = yield* placeOf(reads, text)
  return place.is === 'ours' ? place.address : undefined
}

function* findLogin(reads: DirectoryReads, name: string): Asking<UserRow | undefined> {
  const address = yield* loginAddress(reads, name)
  if (address === undefined) return undefined
  const owner = yield* ask(reads.owner(address))
  return owner?.is === 'user' ? owner.user : undefined
}

/** An address is the user's own when aliases with one target each, or none, lie between it and the user. */
function* owns(reads: DirectoryReads, user: UserRow, text: string): Asking<boolean> {
  let address = text
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const place: Place = yield* placeOf(reads, address)
    if (place.is !== 'ours') return false
    const owner = yield* ownerOf(reads, place)
    if (owner?.is === 'user') return owner.user.id === user.id
    const target: string | undefined = owner?.is === 'alias' ? owner.alias.to[0] : undefined
    if (owner?.is !== 'alias' || owner.alias.to.length !== 1 || target === undefined) return false
    address = target
  }
  return false
}
