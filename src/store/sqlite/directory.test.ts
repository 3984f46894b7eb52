import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#base/fault.ts'
import { newUser, openDirectoryInMemory } from './directory-in-memory.ts'

async function start() {
  const opened = openDirectoryInMemory()
  await opened.store.addDomain({ name: 'one.test' })
  return opened
}

async function refused(write: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(write, (error) => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.temporary, false)
    assert.match(error.message, says)
    return true
  })
}

test('users are added all or none, mailboxes too', async () => {
  const opened = await start()
  const { store } = opened
  await refused(
    store.addUsers([newUser('a@one.test'), newUser('b@one.test'), newUser('a@one.test')]),
    /a@one\.test: it belongs to the user a@one\.test already/,
  )
  assert.deepEqual(await store.users({ limit: 10 }), [])
  assert.equal(opened.mailboxes.size, 0)
})

test('a domain has a thousand patterns at most', async () => {
  const { store, db } = await start()
  db.exec(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO alias (address, recipients, pattern_domain) SELECT 'p' || i || '*@one.test', '[]', 'one.test' FROM n`)
  await refused(store.putAlias({ address: '*@one.test', to: ['a@one.test'] }), /1000 aliases with \* or \? already/)
  await store.putAlias({ address: 'exact@one.test', to: ['a@one.test'] })
})

test('each recipient is found by index', async () => {
  const { db } = await start()
  const queries = [
    'SELECT kind FROM address WHERE domain = ? AND local = ?',
    'SELECT id FROM user WHERE id = ?',
    'SELECT id FROM user WHERE disabled = 0 ORDER BY id LIMIT 1',
    'SELECT id FROM alias WHERE pattern_domain = ?',
    'SELECT local FROM address WHERE domain = ? LIMIT 1',
    'SELECT name FROM domain WHERE alias_of = ? LIMIT 1',
  ]
  for (const query of queries) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...(query.match(/\?/g) ?? []).map(() => '1'))
    for (const { detail } of plan)
      assert.match(String(detail), /USING (COVERING )?(INDEX|INTEGER PRIMARY KEY|PRIMARY KEY)/, query)
  }
})
