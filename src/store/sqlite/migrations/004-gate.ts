import type { Migration } from './migration.ts'

/** What the gate must not forget: frozen accounts, whom each has written to, blocks and suspended trust. */
export const GATE: Migration = {
  number: 4,
  name: 'gate',
  sql: `
    -- JSON, see Frozen in the contract; NULL for nearly everyone.
    ALTER TABLE user ADD COLUMN frozen TEXT;

    ALTER TABLE queue_entry ADD COLUMN user TEXT;
    ALTER TABLE queue_entry ADD COLUMN ip TEXT;
    ALTER TABLE queue_entry ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    -- Mail that nobody logged in for has no place in it and pays nothing.
    CREATE INDEX queue_entry_user ON queue_entry (user, held) WHERE user IS NOT NULL;

    -- Whom each account has written to, and how many these are. The oldest are found by reading an account's rows, which is
    -- rare: an index by time would double what each new contact costs.
    CREATE TABLE contact (
      user_id INTEGER NOT NULL,
      recipient TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (user_id, recipient)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE contact_count (user_id INTEGER PRIMARY KEY, contacts INTEGER NOT NULL) STRICT;

    -- until is NULL for a block that lasts until it is lifted.
    CREATE TABLE block (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      network TEXT NOT NULL,
      reason TEXT NOT NULL,
      evidence TEXT NOT NULL,
      since INTEGER NOT NULL,
      until INTEGER,
      repeats INTEGER NOT NULL,
      ref TEXT,
      author TEXT
    ) STRICT;
    CREATE INDEX block_until ON block (until);
    CREATE INDEX block_network ON block (network, since);

    CREATE TABLE suspension (
      ip TEXT PRIMARY KEY,
      evidence TEXT NOT NULL,
      since INTEGER NOT NULL,
      ref TEXT
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE remembered (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

    -- What the records of each run of 1,024 numbers can be found by, as a Bloom filter, and the time of the newest of them: a
    -- search reads those runs alone that may hold what it looks for. See decision-filters.ts.
    CREATE TABLE decision_filter (run INTEGER PRIMARY KEY, newest INTEGER NOT NULL, bits BLOB NOT NULL) STRICT;
    CREATE INDEX decision_filter_newest ON decision_filter (newest);
  `,
}
