/**
 * Every event of the server that leaves a trace: one function each, which writes the log line (and later the counter and the
 * audit record). Past tense. Callers pass raw values: whatever an attacker typed is escaped and cut here, and secrets never
 * come this far.
 */
export interface SessionTag {
  readonly service: string
  readonly ip: string
}

/** One recipient of a message on its way out, and where it went. */
export interface QueueTag {
  readonly ref: string
  readonly sender: string
  readonly recipient: string
  readonly user?: string
  /** The server that was spoken to: `mx.far.example[192.0.2.1]:25`. */
  readonly host?: string
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384, verified by dane`. */
  readonly tls?: string
}

export interface Events {
  readonly listening: (at: {
    readonly service: string
    readonly address: string
    readonly port: number
    readonly thread: number
  }) => void
  readonly stopped: (why: string) => void
  readonly sessionOpened: (session: SessionTag) => void
  readonly sessionClosed: (session: SessionTag & { readonly why: string }) => void
  readonly loginSucceeded: (
    login: SessionTag & { readonly user: string; readonly mechanism: string; readonly tls: boolean },
  ) => void
  readonly loginFailed: (
    login: SessionTag & { readonly name: string; readonly mechanism: string; readonly why: string },
  ) => void
  /** A connection, command, sender, recipient or message was refused or deferred by the gate. */
  readonly refused: (
    refusal: SessionTag & {
      readonly ref: string
      readonly stage: string
      readonly rule: string
      readonly because: string
      readonly reply: string
      readonly sender?: string
      readonly recipient?: string
      readonly user?: string
    },
  ) => void
  readonly messageReceived: (
    message: SessionTag & {
      readonly ref: string
      readonly sender: string
      readonly recipients: readonly string[]
      readonly sizeBytes: number
      readonly helo: string
      readonly tls: boolean
      readonly user?: string
      readonly messageId?: string
    },
  ) => void
  /** A kept message stands in a local mailbox. */
  readonly messageDelivered: (delivery: { readonly ref: string; readonly recipient: string }) => void
  /** A kept message waits for a recipient elsewhere. */
  readonly messageQueued: (entry: { readonly ref: string; readonly recipient: string }) => void
  /** Another server has taken over a message for a recipient, or it stands in a mailbox of ours after all. */
  readonly mailSent: (
    sent: QueueTag & {
      readonly reply?: string
      readonly afterMs: number
      readonly tries: number
    },
  ) => void
  /** A try did not succeed; there will be another. */
  readonly mailDeferred: (
    deferred: QueueTag & {
      readonly because: string
      readonly status: string
      readonly tries: number
      readonly nextTryMs: number
    },
  ) => void
  /** It went back to its sender: refused for good, or its time was up. */
  readonly mailFailed: (
    failed: QueueTag & {
      readonly because: string
      readonly status: string
      readonly tries: number
      readonly expired: boolean
    },
  ) => void
  /** A domain, or its servers, cannot be spoken to: mail for it waits without being tried. */
  readonly destinationDown: (down: {
    readonly destination: string
    readonly because: string
    readonly forMs: number
  }) => void
  readonly destinationUp: (up: { readonly destination: string }) => void
  /** A server's answer means that mail comes too fast: less is sent for a while. */
  readonly destinationShaped: (shaped: {
    readonly destination: string
    readonly rule: string
    readonly answer: string
    readonly what: string
  }) => void
  /** The daily look at DNS for the keys that sign: what changed, or is amiss. */
  readonly signingRecordChecked: (key: {
    readonly domain: string
    readonly selector: string
    readonly is: 'activated' | 'recordMissing' | 'recordWrong'
    readonly why: string
  }) => void
  /** A client broke the protocol in a way that honest ones do not (early talk, smuggling, unread replies). */
  readonly protocolViolated: (violation: SessionTag & { readonly what: string }) => void
  readonly mailboxRead: (
    session: SessionTag & { readonly user: string; readonly retrieved: number; readonly deleted: number },
  ) => void
  readonly settingsChanged: (change: {
    readonly version: number
    readonly author: string
    readonly paths: readonly string[]
  }) => void
  readonly certificateLoaded: (certificate: {
    readonly from: string
    readonly names: string
    readonly expires: string
  }) => void
  /** A network may not connect any more. */
  readonly blocked: (block: {
    readonly network: string
    readonly reason: string
    readonly evidence: string
    /** ISO 8601, or `until it is lifted`. */
    readonly until: string
    readonly ref?: string
    readonly author?: string
  }) => void
  readonly blockLifted: (block: { readonly network: string; readonly reason: string; readonly author: string }) => void
  /** A trusted address behaves like many strangers: it is trusted no more. An alarm. */
  readonly trustSuspended: (suspension: {
    readonly ip: string
    readonly evidence: string
    readonly ref?: string
    readonly todo: string
  }) => void
  readonly trustRestored: (suspension: { readonly ip: string; readonly author: string }) => void
  /** An account may not send any more. An alarm. */
  readonly accountFrozen: (freeze: {
    readonly user: string
    readonly why: string
    readonly by: string
    readonly held: number
    readonly ref?: string
  }) => void
  readonly accountReleased: (release: {
    readonly user: string
    readonly by: string
    readonly released: number
    readonly removed: number
  }) => void
  /** Anyone can relay: said at the start, with each change, and every hour while it is so. An alarm. */
  readonly relayIsOpen: (way: { readonly where: string; readonly says: string }) => void
  /** The settings were looked through, and the server was asked to relay as a stranger would ask. */
  readonly audited: (audit: { readonly findings: number; readonly asked: number; readonly relayed: number }) => void
  /** The counts behind the limits outgrew their memory. */
  readonly countsLetGo: (counts: { readonly letGo: number; readonly bytes: number }) => void
  /** Trouble of ours: what failed, where, and what to do; `error` with its causes, its stack when it is a bug. */
  readonly faulted: (fault: { readonly what: string; readonly error: unknown }) => void
}
