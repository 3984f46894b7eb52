import type { Migration } from './migration.ts'

/**
 * The directory. `address` holds every address that anything has, once: its primary key is what keeps one address with one
 * owner, and what finds the owner of a recipient. Lists (`further`, `members`, …) are JSON arrays, read and written whole.
 */
export const DIRECTORY_MIGRATION: Migration = {
  number: 2,
  name: 'directory',
  sql: `
-- AUTOINCREMENT: number and pattern_changes together name one state of a domain's patterns for ever, so they can be cached.
CREATE TABLE domain (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  alias_of TEXT REFERENCES domain (name),
  pattern_changes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX domain_alias_of ON domain (alias_of) WHERE alias_of IS NOT NULL;

CREATE TABLE address (
  domain TEXT NOT NULL,
  local TEXT NOT NULL,
  kind INTEGER NOT NULL, -- 1 user, 2 group, 3 alias, 4 alias with a pattern
  owner INTEGER NOT NULL,
  PRIMARY KEY (domain, local)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a removed user is never given to another one.
CREATE TABLE user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  address TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  disabled INTEGER NOT NULL,
  mailbox_id INTEGER NOT NULL,
  quota_bytes INTEGER,
  quota_messages INTEGER,
  forward_to TEXT,
  forward_keeps_copy INTEGER NOT NULL,
  local_domains_only INTEGER NOT NULL,
  further TEXT
) STRICT;
CREATE INDEX user_enabled ON user (id) WHERE disabled = 0;

-- Apart from the user, so that looking up a recipient reads no keys.
CREATE TABLE credentials (
  user_id INTEGER PRIMARY KEY,
  argon2id TEXT NOT NULL,
  scram_salt BLOB NOT NULL,
  scram_iterations INTEGER NOT NULL,
  scram_stored_key BLOB NOT NULL,
  scram_server_key BLOB NOT NULL
) STRICT;

CREATE TABLE user_group (
  id INTEGER PRIMARY KEY,
  address TEXT NOT NULL UNIQUE,
  members TEXT NOT NULL
) STRICT;

CREATE TABLE alias (
  id INTEGER PRIMARY KEY,
  address TEXT NOT NULL UNIQUE,
  recipients TEXT NOT NULL,
  pattern_domain TEXT -- the domain, where the local part holds * or ?
) STRICT;
CREATE INDEX alias_pattern ON alias (pattern_domain) WHERE pattern_domain IS NOT NULL;
`,
}
