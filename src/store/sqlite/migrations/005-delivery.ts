import type { Migration } from './migration.ts'

/** What mail needs to go out: entries that can wait, what became of them, paused domains, sealed secrets, transport policies. */
export const DELIVERY: Migration = {
  number: 5,
  name: 'delivery',
  sql: `
    -- Numbers come from the sequence, which costs less than AUTOINCREMENT and is as sure never to give one twice.
    INSERT INTO sequence (name, next)
      SELECT 'entry', 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'queue_entry'), 0);

    -- An entry that is not held has a row in queue_ready or in queue_waiting: these are small and lie in the order they are taken
    -- in, so that a million entries that wait slow down none that goes. due_at tells when an entry was to be tried again, and may be
    -- past; of one that is held it is NULL if it was ready. rested is 1 from the first time that it waited or was held. sender and size
    -- are the message's: they never change, and a search that joined a million messages would read all of their pages. parameters
    -- is JSON of what few clients say.
    CREATE TABLE queue_entry_5 (
      id INTEGER PRIMARY KEY,
      message INTEGER NOT NULL,
      decision INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      due_at INTEGER,
      held INTEGER NOT NULL,
      rested INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      warned INTEGER NOT NULL DEFAULT 0,
      size INTEGER NOT NULL,
      domain TEXT NOT NULL,
      origin TEXT NOT NULL,
      sender TEXT NOT NULL,
      recipient TEXT NOT NULL,
      user TEXT,
      ip TEXT,
      parameters TEXT,
      answers TEXT
    ) STRICT;
    -- The domain is what follows the last @: what rtrim leaves ends with it.
    INSERT INTO queue_entry_5
        (id, message, decision, created_at, held, rested, size, domain, origin, sender, recipient, user, ip, parameters)
      SELECT q.id, q.message, 0, q.created_at, q.held, q.held, m.size,
        lower(substr(q.recipient, 1 + length(rtrim(q.recipient, replace(q.recipient, '@', ''))))),
        coalesce(q.user, q.ip, ''), m.sender, q.recipient, q.user, q.ip,
        nullif(json_patch('{}', json_object('notify', q.notify, 'orcpt', q.orcpt, 'ret', q.ret, 'envid', q.envid, 'body', q.body,
          'smtputf8', json(iif(q.smtputf8, 'true', 'null')))), '{}')
      FROM queue_entry q JOIN message m ON m.id = q.message;
    DROP TABLE queue_entry;
    ALTER TABLE queue_entry_5 RENAME TO queue_entry;
    -- With queue_ready these find all of a domain and of a user; mail that goes out at once pays nothing for them.
    CREATE INDEX queue_entry_domain ON queue_entry (domain) WHERE rested = 1;
    CREATE INDEX queue_entry_user ON queue_entry (user) WHERE rested = 1 AND user IS NOT NULL;

    CREATE TABLE queue_ready (
      domain TEXT NOT NULL,
      origin TEXT NOT NULL,
      entry INTEGER NOT NULL,
      PRIMARY KEY (domain, origin, entry)
    ) WITHOUT ROWID, STRICT;
    INSERT INTO queue_ready (domain, origin, entry) SELECT domain, origin, id FROM queue_entry WHERE held = 0;

    CREATE TABLE queue_waiting (
      due_at INTEGER NOT NULL,
      entry INTEGER NOT NULL,
      domain TEXT NOT NULL,
      origin TEXT NOT NULL,
      PRIMARY KEY (due_at, entry)
    ) WITHOUT ROWID, STRICT;

    -- Entries that are over, whose rows and messages are taken out bit by bit: among a million others each lies on a page of its own.
    CREATE TABLE queue_gone (entry INTEGER PRIMARY KEY) STRICT;

    -- How many entries there are, in its one row.
    CREATE TABLE queue_count (entries INTEGER NOT NULL) STRICT;
    INSERT INTO queue_count (entries) SELECT count(*) FROM queue_entry;

    -- Accounts that are stopped, among a million that are not.
    CREATE INDEX user_frozen ON user (address) WHERE frozen IS NOT NULL;

    -- Rows come in the order of their time, so the oldest are the first.
    CREATE TABLE delivery (
      id INTEGER PRIMARY KEY,
      decision INTEGER NOT NULL,
      at INTEGER NOT NULL,
      recipient TEXT NOT NULL,
      outcome TEXT NOT NULL,
      story TEXT NOT NULL
    ) STRICT;
    CREATE INDEX delivery_decision ON delivery (decision);

    CREATE TABLE paused_domain (
      domain TEXT PRIMARY KEY,
      since INTEGER NOT NULL,
      author TEXT NOT NULL,
      why TEXT
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE vault (
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      open TEXT NOT NULL,
      sealed BLOB NOT NULL,
      changed_at INTEGER NOT NULL,
      PRIMARY KEY (kind, name)
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE transport_policy (
      domain TEXT PRIMARY KEY,
      policy TEXT NOT NULL,
      until INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX transport_policy_until ON transport_policy (until);

    CREATE TABLE tls_count (
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      key TEXT NOT NULL,
      sessions INTEGER NOT NULL,
      PRIMARY KEY (day, domain, key)
    ) WITHOUT ROWID, STRICT;
  `,
}
