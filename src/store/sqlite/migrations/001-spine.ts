import type { Migration } from './migration.ts'

/** Messages and where they stand, decisions, settings versions, and the numbers handed out. */
export const SPINE: Migration = {
  number: 1,
  name: 'spine',
  sql: `
    -- Numbers handed out so far: next is the first that no run in use may reach. They are never given twice, so a message's
    -- number serves as its uid in every mailbox.
    CREATE TABLE sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID, STRICT;
    INSERT INTO sequence (name, next) VALUES ('message', 1), ('body', 1), ('decision', 1);

    CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;

    -- content is our trace header and, unless body names pieces, the whole body. size counts both.
    CREATE TABLE message (
      id INTEGER PRIMARY KEY,
      received_at INTEGER NOT NULL,
      size INTEGER NOT NULL,
      body INTEGER,
      sender TEXT NOT NULL,
      content BLOB NOT NULL
    ) STRICT;

    -- How many placements and queue entries hold a message; one when it has no row, which is the usual case and costs nothing.
    CREATE TABLE shared (message INTEGER PRIMARY KEY, holders INTEGER NOT NULL) STRICT;

    -- id is body * 65536 + the piece's place.
    CREATE TABLE piece (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    -- Bodies that no message names yet, and the line to the writer that they come by.
    CREATE TABLE draft (body INTEGER PRIMARY KEY, line INTEGER NOT NULL) STRICT;

    CREATE TABLE mailbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      messages INTEGER NOT NULL DEFAULT 0,
      bytes INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE placement (
      mailbox INTEGER NOT NULL,
      message INTEGER NOT NULL,
      size INTEGER NOT NULL,
      PRIMARY KEY (mailbox, message)
    ) WITHOUT ROWID, STRICT;
    -- Mailboxes that are gone, whose placements are taken out bit by bit.
    CREATE TABLE removed_mailbox (id INTEGER PRIMARY KEY) STRICT;

    CREATE TABLE queue_entry (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      message INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      recipient TEXT NOT NULL,
      notify TEXT,
      orcpt TEXT
    ) STRICT;

    -- head is a JSON array: what a decision is found by, small and in front of the story.
    CREATE TABLE decision (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      head TEXT NOT NULL,
      story TEXT NOT NULL
    ) STRICT;
    -- For forgetting the old ones. Time only rises, so this index grows at its end and costs next to nothing.
    CREATE INDEX decision_at ON decision (at);

    CREATE TABLE settings_version (
      version INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      author TEXT NOT NULL,
      comment TEXT NOT NULL,
      changed TEXT NOT NULL
    ) STRICT;
  `,
}
