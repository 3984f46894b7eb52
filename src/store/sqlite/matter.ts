/**
 * How a matter of the store (directory, mailboxes, …) is plugged into the SQLite engine. A matter file, `sqlite/X.ts`, exports
 *
 *   readX(db)   the reading half of its contract, run in any thread on that thread's own read-only connection;
 *   writeX(db)  the writing half as plain synchronous functions, run in the writer's thread inside its transaction;
 *   X_WRITES    the names of the writing half, so that other threads can send for them.
 *
 * Both take a connection whose migrations are done, and prepare their statements once, at their top. A write may run again in
 * a new transaction after one that was rolled back, so it keeps no state but the database's; it throws to reject (a Fault where
 * the caller can do something about it), and then everything it did is undone. Arguments and results are structured-cloned.
 * What one matter needs of another comes as a further argument of `writeX`: a user's removal removes a mailbox.
 *
 * Its tables come from a file in `migrations/` that exports a `Migration`; `migrations.ts` lists it.
 */

/** The writing half of a matter, as it stands in the writer's thread. */
export type Writes<Name extends string = string> = Readonly<Record<Name, (...args: never[]) => unknown>>

/** The same half as other threads see it: each write resolves once it is on disk. */
export type Sent<W extends Writes> = {
  readonly [Name in keyof W]: (...args: Parameters<W[Name]>) => Promise<ReturnType<W[Name]>>
}

/** Carries one write, `matter.name`, to the writer's thread. */
export type Send = (operation: string, args: readonly unknown[]) => Promise<unknown>

/** Give the functions that send a matter's writes to the writer's thread. */
export function sendWrites<W extends Writes>(
  matter: string,
  names: readonly (keyof W & string)[],
  send: Send,
): Sent<W> {
  const entries = names.map((name) => {
    const operation = `${matter}.${name}`
    return [name, (...args: unknown[]) => send(operation, args)]
  })
  return Object.fromEntries(entries) as Sent<W>
}
