import type { Migration } from './migration.ts'

/** What the client said of a message that waits, so that the next server is told the same (RFC 3461 §4.3, §4.4; 6152; 6531). */
export const QUEUE_PARAMETERS: Migration = {
  number: 3,
  name: 'queue-parameters',
  sql: `
    ALTER TABLE queue_entry ADD COLUMN ret TEXT;
    ALTER TABLE queue_entry ADD COLUMN envid TEXT;
    ALTER TABLE queue_entry ADD COLUMN body TEXT;
    ALTER TABLE queue_entry ADD COLUMN smtputf8 INTEGER NOT NULL DEFAULT 0;
  `,
}
