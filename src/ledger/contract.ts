/** What clients did lately. In memory on one machine; every node of a cluster will see the same. */

/** The POP3 logins that open the way for their address (relay.popBeforeSmtp). */
export interface PopLogins {
  /** Remember that a login from this address succeeded at this moment; a later one counts anew. */
  note(ip: string, atMs: number): void
  /** Milliseconds since the last login from this address; undefined when none is remembered. */
  sinceMs(ip: string, nowMs: number): number | undefined
}
