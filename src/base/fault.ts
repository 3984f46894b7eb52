/**
 * Trouble of ours: the disk, the database, the network. Never a decision about a client, which is a value.
 * `temporary` says whether trying again may help; the protocols turn it into 4xx or 5xx.
 */
export class Fault extends Error {
  readonly temporary: boolean

  constructor(message: string, options: { readonly temporary: boolean; readonly cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'Fault'
    this.temporary = options.temporary
  }
}

/** Tell whether a thrown value is a fault of ours that may pass. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Fault && error.temporary
}

/** Give the message of anything thrown, for a log line or a wrapped fault. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
