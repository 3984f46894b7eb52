/**
 * The facts that rules may ask for beyond the subject. Each is looked up at most once a stage, and only when a rule that needs
 * it is reached. "Could not find out" is a fact too: the rule says what follows from it.
 */
export type Unknown = { readonly is: 'unknown'; readonly because: string }

/** Where a recipient address ends, as far as the gate must know. */
export type Destination =
  | { readonly is: 'local'; readonly full: boolean }
  | { readonly is: 'external'; readonly domain: string }
  | { readonly is: 'nobody' }
  | { readonly is: 'disabled' }
  | { readonly is: 'loop'; readonly by: string }
  | Unknown

/** Membership of an IP address group; `group` undefined when no group is set. */
export interface Membership {
  readonly group: string | undefined
  readonly member: boolean
}

export interface FactTable {
  /** Is the client in `services.NAME.ipGroup`? */
  readonly serviceGroup: Membership
  /** Is the client in `relay.ipGroup`? */
  readonly relayGroup: Membership
  /** Connections open to this service, this one included. */
  readonly serviceConnections: number
  readonly destination: Destination
  /** When a POP3 login from the client's address last succeeded, in milliseconds before now; undefined if none is remembered. */
  readonly sincePopLoginMs: number | undefined
  /** May the user that logged in send to local domains only? */
  readonly userLocalOnly: boolean
}

export type FactName = keyof FactTable

/** The readers behind the facts: live, read-only or recorded. A reader that fails throws; the stage makes it a deferral. */
export type FactReaders<S> = {
  readonly [F in FactName]: (subject: S) => FactTable[F] | Promise<FactTable[F]>
}
