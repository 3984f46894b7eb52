import type { Srs } from '#base/srs.ts'
import type { Awaitable, MailboxUsage, UserRow } from '#store/contract.ts'
import { type Address, formatAddress, normalizeLocal, parseAddress } from './address.ts'
import type { Mailbox, Resolution, Step } from './contract.ts'
import { type DirectoryReads, isRole, ownerOf, type Place, placeOf } from './locate.ts'
import { type Asking, ask } from './settle.ts'

/** What following an address reads. */
export interface ResolveReads extends DirectoryReads {
  usage(mailboxId: number): Awaitable<MailboxUsage>
  /** Read the name back that a sender was given when its mail was forwarded; without it there are no such names. */
  rewrittenSender?(local: string): ReturnType<Srs['reverse']>
  /** Give the name of this server, where it may be in no domain of ours. */
  serverName?(): string
}

/** How many addresses one address may expand to, and through how many others. */
export const MAX_EXPANSION = 10_000
export const MAX_DEPTH = 50
const MAX_STEPS = 1000
/** Addresses named in one step; the rest are counted. */
const MAX_LISTED = 5

/** Follow an address to its ends. Reads only; the bounds above hold whatever the directory says. */
export function* resolveAddress(reads: ResolveReads, text: string, sizeBytes = 0): Asking<Resolution> {
  const expansion = new Expansion(reads)
  const place = yield* expansion.placeOf(text)
  if (place.is === 'no address') {
    expansion.note(text, 'this is no address')
    return { is: 'nobody', steps: expansion.steps }
  }
  if (place.is === 'elsewhere') {
    expansion.note(formatAddress(place.address), `${place.address.domain} is no domain of ours: mail is sent on`)
    return { is: 'external', domain: place.address.domain, steps: expansion.steps }
  }
  const sender = rewrittenSender(reads, text)
  if (sender !== undefined) return expansion.resultOf(place.address, sender)
  yield* expansion.follow(place, 0)
  if (isRole(place.local)) yield* expansion.fallBack(place.address)
  return yield* expansion.result(sizeBytes)
}

/** Read an address of ours as one that stands for a sender (SRS). Its case is kept: it may matter to the sender's own host. */
function rewrittenSender(reads: ResolveReads, text: string): Address | 'invalid' | undefined {
  const local = parseAddress(text)?.local
  const read = local === undefined ? undefined : reads.rewrittenSender?.(local)
  if (read === undefined || read.is === 'none') return undefined
  const address = read.is === 'sender' ? parseAddress(formatAddress(read)) : undefined
  return address ?? 'invalid'
}

/** One address's expansion under way. */
class Expansion {
  readonly steps: Step[] = []
  readonly #reads: ResolveReads
  readonly #users = new Map<number, UserRow>()
  readonly #external = new Set<string>()
  readonly #seen = new Set<string>()
  /** The addresses between the first and the one being looked at: meeting one again is a cycle. */
  readonly #path = new Set<string>()
  #loopBy: string | undefined
  #tooFarBy: string | undefined
  #disabled = false

  constructor(reads: ResolveReads) {
    this.#reads = reads
  }

  readonly note = (address: string, says: string): void => {
    if (this.steps.length < MAX_STEPS) this.steps.push({ address, says })
  };

  /** Find where an address stands. Whoever answers a report or a notice of this server writes to `postmaster` at its own name. */
  *placeOf(text: string): Asking<Place> {
    const place = yield* placeOf(this.#reads, text, this.note)
    if (place.is !== 'elsewhere') return place
    const { local, domain } = place.address
    const role = normalizeLocal(local)
    if (!isRole(role) || domain !== this.#reads.serverName?.().toLowerCase()) return place
    this.note(text, 'an address of this server itself, which takes mail for it (RFC 5321 §4.5.1)')
    const ours = yield* placeOf(this.#reads, role, this.note)
    return ours.is === 'ours' ? ours : place
  }

  /** Follow one address of ours, `depth` addresses away from the first. */
  *follow(place: Extract<Place, { is: 'ours' }>, depth: number): Asking<void> {
    const { address } = place
    if (this.#path.has(address)) {
      this.note(address, 'leads back to itself: not followed again')
      this.#loopBy ??= address
      return
    }
    if (this.#seen.has(address)) return
    if (depth > MAX_DEPTH || !this.#roomFor(address)) {
      this.note(address, `more than ${MAX_DEPTH} addresses deep or ${MAX_EXPANSION} wide: not followed further`)
      this.#tooFarBy ??= address
      return
    }
    this.#seen.add(address)

    const owner = yield* ownerOf(this.#reads, place, this.note)
    if (owner === undefined) {
      this.note(address, 'nobody has this address')
      return
    }
    this.#path.add(address)
    switch (owner.is) {
      case 'user':
        yield* this.#followUser(address, owner.user, depth)
        break
      case 'group':
        this.note(address, `a group: its members are ${listed(owner.group.members)}`)
        yield* this.#followAll(owner.group.members, depth)
        break
      case 'alias':
        this.note(address, `an alias: leads to ${listed(owner.alias.to)}`)
        yield* this.#followAll(owner.alias.to, depth)
    }
    this.#path.delete(address)
  }

  *#followUser(address: string, user: UserRow, depth: number): Asking<void> {
    const { forwarding } = user
    const who = user.address === address ? 'a user' : `the user ${user.address}`
    if (user.disabled) {
      this.note(address, `${who}, disabled: takes no mail`)
      this.#disabled = true
      return
    }
    if (forwarding === undefined) {
      this.note(address, `${who}: mail goes into the mailbox`)
      this.#users.set(user.id, user)
      return
    }
    const to = listed(forwarding.to)
    if (forwarding.keepCopy) {
      this.note(address, `${who}: mail goes into the mailbox, and on to ${to}`)
      this.#users.set(user.id, user)
    } else {
      this.note(address, `${who}: mail goes on to ${to}, no copy is kept`)
    }
    yield* this.#followAll(forwarding.to, depth)
  }

  *#followAll(targets: readonly string[], depth: number): Asking<void> {
    for (const target of targets) {
      if (this.#tooFarBy !== undefined) return
      const place = yield* placeOf(this.#reads, target, this.note)
      if (place.is === 'ours') yield* this.follow(place, depth + 1)
      else if (place.is === 'elsewhere') this.#sendOn(place.address)
      else this.note(target, 'this is no address')
    }
  }

  #sendOn(target: Address): void {
    const address = formatAddress(target)
    if (!this.#roomFor(address)) {
      this.#tooFarBy ??= address
      return
    }
    if (!this.#external.has(address)) this.note(address, `${target.domain} is no domain of ours: mail is sent on`)
    this.#external.add(address)
  }

  #roomFor(address: string): boolean {
    return this.#external.has(address) || this.#seen.size + this.#external.size < MAX_EXPANSION
  }

  /** Give what leads nowhere to the first user's mailbox, forwarding or not (RFC 5321 §4.5.1). */
  *fallBack(address: string): Asking<void> {
    if (this.#users.size + this.#external.size > 0) return
    const user = yield* ask(this.#reads.firstUser())
    if (user === undefined) return
    this.note(
      address,
      `every domain must have this address: mail goes into the mailbox of ${user.address}, the first user`,
    )
    this.#tooFarBy = undefined
    this.#users.set(user.id, user)
  }

  /** Give the end of an address that stands for a sender. Anybody may write what looks like one: then it is nobody's. */
  resultOf(address: string, sender: Address | 'invalid'): Resolution {
    const { steps } = this
    if (sender === 'invalid') {
      this.note(
        address,
        'stands for the sender of something forwarded, but was not made here or is too old: nobody has it',
      )
      return { is: 'nobody', steps }
    }
    const end = formatAddress(sender)
    this.note(address, `stands for ${end}, whose mail was forwarded from here: bounces are sent on to it`)
    return { is: 'local', mailboxes: [], external: [end], bouncesOnly: true, steps }
  }

  *result(sizeBytes: number): Asking<Resolution> {
    const { steps } = this
    // Part of a list that was cut would be mail lost in silence.
    if (this.#tooFarBy !== undefined) return { is: 'loop', by: this.#tooFarBy, steps }
    if (this.#users.size + this.#external.size === 0) {
      if (this.#loopBy !== undefined) return { is: 'loop', by: this.#loopBy, steps }
      return { is: this.#disabled ? 'disabled' : 'nobody', steps }
    }
    const mailboxes: Mailbox[] = []
    let full: string | undefined
    for (const user of this.#users.values()) {
      mailboxes.push({ mailboxId: user.mailboxId, user: user.address })
      if (full === undefined && (yield* this.#isFull(user, sizeBytes))) full = user.address
    }
    const external = [...this.#external]
    return full === undefined
      ? { is: 'local', mailboxes, external, steps }
      : { is: 'local', mailboxes, external, full, steps }
  }

  *#isFull({ address, mailboxId, quotaBytes, quotaMessages }: UserRow, sizeBytes: number): Asking<boolean> {
    if (quotaBytes === undefined && quotaMessages === undefined) return false
    const { bytes, messages } = yield* ask(this.#reads.usage(mailboxId))
    const full =
      (quotaBytes !== undefined && (bytes >= quotaBytes || bytes + sizeBytes > quotaBytes)) ||
      (quotaMessages !== undefined && messages >= quotaMessages)
    if (full) this.note(address, `the mailbox is full: it holds ${messages} messages, ${bytes} bytes`)
    return full
  }
}

function listed(addresses: readonly string[]): string {
  const first = addresses.slice(0, MAX_LISTED).join(', ')
  const more = addresses.length - MAX_LISTED
  return addresses.length === 0 ? 'nobody' : more > 0 ? `${first} and ${more} more` : first
}
