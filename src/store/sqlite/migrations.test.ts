import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { MIGRATIONS, migrate } from './migrations.ts'
import { openStore } from './open.ts'
import { startWriter } from './start.ts'

test('a store of schema 3 is brought up to date with all it holds', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-migration-'))
  const file = join(folder, 'postern.db')
  const old = new DatabaseSync(file)
  migrate(old, file, MIGRATIONS.slice(0, 3))
  old.exec(`
    INSERT INTO domain (name) VALUES ('one.test');
    INSERT INTO mailbox (id, messages, bytes) VALUES (1, 1, 40);
    INSERT INTO user (address, name, disabled, mailbox_id, forward_keeps_copy, local_domains_only, further)
      VALUES ('a@one.test', 'A', 0, 1, 0, 0, '["b@one.test"]');
    INSERT INTO address (domain, local, kind, owner) VALUES ('one.test', 'a', 1, 1), ('one.test', 'b', 1, 1);
    INSERT INTO message (id, received_at, size, sender, content) VALUES (1, 5, 3, 's@far.test', X'780D0A');
    INSERT INTO shared (message, holders) VALUES (1, 2);
    INSERT INTO placement (mailbox, message, size) VALUES (1, 1, 40);
    INSERT INTO queue_entry (message, created_at, recipient, ret, smtputf8) VALUES (1, 5, 'r@far.test', 'HDRS', 1);
    INSERT INTO decision (id, at, head, story)
      VALUES (1, 5, '["refused","smtp","192.0.2.1",null,["r@far.test"],"550 5.7.1 Relaying denied"]', '{}');
    INSERT INTO settings_version (version, at, author, comment, changed) VALUES (1, 5, 'postern (root)', '', '');
  `)
  old.close()

  const writer = await startWriter({ file })
  const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  try {
    const owner = await store.directory.owner('b@one.test')
    assert.deepEqual(owner, {
      is: 'user',
      user: {
        id: 1,
        address: 'a@one.test',
        name: 'A',
        disabled: false,
        mailboxId: 1,
        localDomainsOnly: false,
        addresses: ['b@one.test'],
      },
    })
    assert.deepEqual(await store.queue.find({}, { limit: 10 }), [
      {
        id: 1,
        messageId: 1,
        recipient: 'r@far.test',
        ret: 'HDRS',
        smtputf8: true,
        createdAtMs: 5,
        sender: 's@far.test',
        sizeBytes: 3,
        decision: 0,
        domain: 'far.test',
        origin: '',
        attempts: 0,
      },
    ])
    assert.deepEqual(await store.queue.readyDomains('', 10), ['far.test'])
    assert.equal(await store.queue.count(), 1)
    assert.deepEqual(await store.mailboxes.list(1), [{ uid: 1, sizeBytes: 40 }])
    const record = {
      id: 1,
      atMs: 5,
      outcome: 'refused',
      service: 'smtp',
      ip: '192.0.2.1',
      recipients: ['r@far.test'],
      reply: '550 5.7.1 Relaying denied',
      story: '{}',
    }
    assert.deepEqual(await store.decisions.find({ ip: '192.0.2.1', limit: 10 }), [record])
    assert.equal((await store.settings.latest())?.author, 'postern (root)')

    // And what is new works on it.
    await store.directory.setUser('a@one.test', { frozen: { sinceMs: 1, why: 'x', by: 'y' } })
    assert.equal((await store.directory.user(1))?.frozen?.why, 'x')
    assert.equal(await store.queue.hold({ user: 'a@one.test' }), 0)
    assert.deepEqual(await store.blocks.standing(0), [])
    assert.equal(await store.contacts.knows(1, 'r@far.test'), false)
  } finally {
    await store.close()
    await writer.close()
    rmSync(folder, { recursive: true })
  }
})

test('what waits in a store of schema 4 is brought along: by domain and origin, held or ready, and no number is given twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-migration-'))
  const file = join(folder, 'postern.db')
  const old = new DatabaseSync(file)
  migrate(old, file, MIGRATIONS.slice(0, 4))
  old.exec(`
    INSERT INTO message (id, received_at, size, sender, content) VALUES (1, 5, 3, 's@far.test', X'780D0A');
    UPDATE sequence SET next = 2 WHERE name = 'message';
    INSERT INTO shared (message, holders) VALUES (1, 5);
    INSERT INTO queue_entry (id, message, created_at, recipient, user, ip, held, smtputf8, notify, ret, envid, body, orcpt) VALUES
      (3, 1, 5, '"a@b"@Far.Test', 'u@one.test', '192.0.2.1', 1, 0, NULL, NULL, NULL, NULL, NULL),
      (4, 1, 5, 'b@far.test', 'u@one.test', '192.0.2.1', 0, 1, 'SUCCESS', 'FULL', 'x', '8BITMIME', 'rfc822;b'),
      (5, 1, 5, 'c@other.test', NULL, '192.0.2.1', 0, 0, NULL, NULL, NULL, NULL, NULL),
      (6, 1, 5, 'postmaster', NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL),
      (9, 1, 5, 'gone@far.test', NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL);
    DELETE FROM queue_entry WHERE id = 9;
    UPDATE shared SET holders = 4;
  `)
  old.close()

  const writer = await startWriter({ file })
  const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
  try {
    const { queue } = store
    const entries = await queue.find({}, { limit: 10 })
    assert.deepEqual(
      entries.map(({ id, domain, origin, held = false, dueAtMs }) => [id, domain, origin, held, dueAtMs]),
      [
        [3, 'far.test', 'u@one.test', true, undefined],
        [4, 'far.test', 'u@one.test', false, undefined],
        [5, 'other.test', '192.0.2.1', false, undefined],
        [6, 'postmaster', '', false, undefined],
      ],
    )
    const { notify, ret, envid, body, orcpt, smtputf8 } = entries[1] ?? {}
    assert.deepEqual(
      { notify, ret, envid, body, orcpt, smtputf8 },
      { notify: 'SUCCESS', ret: 'FULL', envid: 'x', body: '8BITMIME', orcpt: 'rfc822;b', smtputf8: true },
    )
    assert.ok(!('smtputf8' in (entries[0] ?? {})))
    assert.equal(await queue.count(), 4)
    assert.deepEqual(await queue.readyDomains('', 10), ['far.test', 'other.test', 'postmaster'])
    assert.equal(await queue.release({ user: 'u@one.test' }), 1)
    assert.deepEqual(
      (await queue.arrivals(0, 10)).map(({ id }) => id),
      [3, 4, 5, 6],
    )
    const record = {
      id: 1,
      atMs: 1,
      outcome: 'accepted',
      service: 's',
      ip: '',
      recipients: [],
      reply: '',
      story: '',
    } as const
    await store.messages.accept({
      sender: '',
      receivedAtMs: 1,
      trace: new Uint8Array(),
      body: new Uint8Array(1),
      mailboxIds: [],
      queue: [{ recipient: 'new@far.test' }],
      record,
    })
    assert.ok(((await queue.arrivals(6, 10))[0]?.id ?? 0) > 9)
  } finally {
    await store.close()
    await writer.close()
    rmSync(folder, { recursive: true })
  }
})

test('what waits, blocks and contacts are found by index', () => {
  const db = new DatabaseSync(':memory:')
  migrate(db, ':memory:')
  const queries = [
    'SELECT id FROM queue_entry WHERE rested = 1 AND user IS NOT NULL AND held = 0 AND user = ?',
    'SELECT id FROM queue_entry WHERE rested = 1 AND domain = ?',
    'SELECT entry FROM queue_ready WHERE domain = ? AND origin = 1 ORDER BY entry',
    'SELECT domain FROM queue_ready WHERE domain > ? ORDER BY domain LIMIT 1',
    'SELECT origin FROM queue_ready WHERE domain = ? AND origin > 1 ORDER BY origin LIMIT 1',
    'SELECT entry FROM queue_waiting WHERE due_at <= ? ORDER BY due_at, entry LIMIT 10',
    'DELETE FROM queue_waiting WHERE (due_at, entry) <= (?, 1)',
    'SELECT story FROM delivery WHERE decision = ? ORDER BY id LIMIT 10',
    'DELETE FROM transport_policy WHERE domain IN (SELECT domain FROM transport_policy WHERE until < ? ORDER BY until LIMIT 1)',
    'SELECT DISTINCT domain FROM tls_count WHERE day < ?',
    'SELECT address FROM user WHERE frozen IS NOT NULL AND address = ?',
    'SELECT id FROM block WHERE until > ? OR until IS NULL',
    'SELECT count(*) FROM block WHERE network = ? AND since >= 1',
    'SELECT id FROM block WHERE until < ? LIMIT 10',
    'SELECT 1 FROM contact WHERE user_id = ? AND recipient = 1',
    'DELETE FROM decision_filter WHERE newest < ?',
    'SELECT id, at, head, story FROM decision WHERE at >= ? ORDER BY at DESC, id DESC LIMIT 10',
  ]
  for (const query of queries) {
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${query}`)
      .all('1')
      .map(({ detail }) => String(detail))
    assert.ok(!plan.some((detail) => /^SCAN|TEMP B-TREE FOR ORDER/.test(detail)), `${query}: ${plan.join('; ')}`)
  }
})
