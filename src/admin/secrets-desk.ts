/** What the administration asks of the vault: secrets go in, and never come out here. */

/** Logins for other servers. */
export interface CredentialsDesk {
  /** Keep a login under a name. Rejects with a Fault for what is no name, user or password. */
  put(name: string, login: { readonly user: string; readonly password: string }): Promise<'added' | 'changed' | 'same'>
  list(): Promise<readonly { readonly name: string; readonly user: string; readonly changedAtMs: number }[]>
  /** False when there was none of that name. */
  remove(name: string): Promise<boolean>
  /** Tell whether a login opens; false when its key is lost, or there is none of that name. */
  isUsable(name: string): Promise<boolean>
}

/** The keys that sign mail (DKIM). All reject with a Fault that says what to do. */
export interface DkimDesk {
  list(): Promise<readonly { readonly domain: string; readonly keys: readonly DkimKey[] }[]>
  /** The keys of a domain, their records, and what DNS says of them. */
  show(domain: string): Promise<DkimDomain>
  /** Make the first keys of a local domain. */
  add(domain: string): Promise<DkimDomain>
  /** Make new keys, which will follow those that sign. */
  rotate(domain: string): Promise<DkimDomain>
  /** Ask DNS; `activate`: keys whose record is there sign from now on; `force`: also those whose record is not seen. */
  check(domain: string, how: { readonly activate: boolean; readonly force: boolean }): Promise<DkimDomain>
  /** Take a key or all keys of a domain away; `force`: also what signs, or signed a few days ago. Gives their selectors. */
  remove(domain: string, selector: string | undefined, force: boolean): Promise<readonly string[]>
  /** Make keys where a domain has none. */
  ensure(domain: string): Promise<'added' | 'same'>
}

export interface DkimKey {
  readonly selector: string
  readonly algorithm: 'rsa' | 'ed25519'
  /** `next`: not used until its record is seen in DNS; `retired`: signs no more, and its record stays for a while. */
  readonly state: 'next' | 'active' | 'retired'
  readonly madeAtMs: number
  readonly activeAtMs?: number
  readonly retiredAtMs?: number
}

export interface DkimDomain {
  readonly domain: string
  readonly keys: readonly (DkimKey & {
    /** `zone` is the text as a zone file has it. */
    readonly record: { readonly name: string; readonly text: string; readonly zone: string }
    readonly found: { readonly is: 'right' } | { readonly is: 'missing' | 'wrong' | 'unknown'; readonly why: string }
    readonly removableAtMs?: number
  })[]
  /** Selectors of keys that sign since now, and of those that they have followed. */
  readonly activated: readonly string[]
  readonly retired: readonly string[]
}
