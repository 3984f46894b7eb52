import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { Fault } from '#base/fault.ts'
import { lockStore } from './lock.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, SCHEMA } from './migrations.ts'
import { openStore } from './open.ts'
import { restoreStore } from './restore.ts'
import { type StoreWriter, startWriter as start } from './start.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-start-'))
const writers: StoreWriter[] = []
// A writer left open by a test that failed would keep the process alive.
after(async () => {
  await Promise.all(writers.map((writer) => writer.close()))
  rmSync(folder, { recursive: true, force: true })
})
let stores = 0

async function startWriter(options: { readonly file: string }): Promise<StoreWriter> {
  const writer = await start(options)
  writers.push(writer)
  return writer
}

function newFile(): string {
  stores += 1
  return join(folder, `${stores}`, 'postern.db')
}

function faultWith(pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Fault && pattern.test(error.message)
}

describe('startWriter', () => {
  it('makes a store that only its owner may read', async () => {
    const file = newFile()
    const writer = await startWriter({ file })
    for (const name of readdirSync(join(file, '..'))) {
      assert.equal(statSync(join(file, '..', name)).mode & 0o077, 0, name)
    }
    await writer.close()
    assert.equal(await writer.ended, undefined)
    assert.equal(existsSync(`${file}-wal`), false)
  })

  it('lets one server have a store, and names it to the other', async () => {
    const file = newFile()
    const writer = await startWriter({ file })
    await assert.rejects(startWriter({ file }), faultWith(new RegExp(`process ${process.pid} has it open`)))
    assert.throws(() => restoreStore({ from: file, to: file }), faultWith(/has it open/))
    await writer.close()
    await (await startWriter({ file })).close()
  })

  it('refuses a store of a newer version, and a database that is none', async () => {
    const newer = newFile()
    await (await startWriter({ file: newer })).close()
    const db = new DatabaseSync(newer)
    db.exec(`PRAGMA user_version = ${SCHEMA + 1}`)
    db.close()
    await assert.rejects(startWriter({ file: newer }), faultWith(/schema \d+ is newer than \d+.*run the newer version/))

    const other = newFile()
    mkdirSync(join(other, '..'))
    const foreign = new DatabaseSync(other)
    foreign.exec('CREATE TABLE theirs (x)')
    foreign.close()
    await assert.rejects(startWriter({ file: other }), faultWith(/a database of another program/))

    const text = newFile()
    mkdirSync(join(text, '..'))
    writeFileSync(text, 'not a database at all, but long enough to look at: '.repeat(100))
    await assert.rejects(startWriter({ file: text }), faultWith(/Cannot open the store .*not a database/))
    assert.match(readFileSync(text, 'utf8'), /^not a database/)
    // The lock is free again.
    lockStore(text).release()
  })

  it('rejects what is under way when the writer ends, and what comes after', async () => {
    const file = newFile()
    const writer = await startWriter({ file })
    const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    await store.decisions.reserve(1)
    await writer.close()
    await assert.rejects(store.decisions.reserve(1), faultWith(/writer has stopped|closed/))
    await store.close()
  })

  it('answers what waits before it closes', async () => {
    const file = newFile()
    const writer = await startWriter({ file })
    const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    const answers = Array.from({ length: 500 }, () => store.decisions.reserve(1))
    await store.close()
    assert.equal(new Set(await Promise.all(answers)).size, 500)
    await writer.close()
  })

  it('gives the space of a lost session’s drafts back while it runs', async () => {
    const file = newFile()
    const writer = await startWriter({ file })
    const lost = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    const other = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    const [draft, kept] = [lost.messages.draft(), other.messages.draft()]
    for (const one of [draft, kept]) await one.write(Buffer.alloc(500_000))
    const db = new DatabaseSync(file, { readOnly: true })
    const drafts = db.prepare('SELECT count(*) AS n FROM draft')
    assert.equal(drafts.get()?.n, 2)
    await lost.close()
    // The writer hears of the lost line before it hears of this.
    while (drafts.get()?.n === 2) await writer.tidy()
    assert.equal(drafts.get()?.n, 1)
    assert.equal(db.prepare('SELECT count(DISTINCT id / 65536) AS n FROM piece').get()?.n, 1)
    db.close()
    await other.close()
    await writer.close()
  })
})

describe('migrate', () => {
  it('applies each step once, and none when one fails', () => {
    const db = new DatabaseSync(':memory:')
    migrate(db, 'test')
    migrate(db, 'test')
    assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, SCHEMA)
    const broken = [
      ...MIGRATIONS,
      { number: SCHEMA + 1, name: 'broken', sql: 'CREATE TABLE good (x); CREATE TABLE message (x)' },
    ]
    assert.throws(() => migrate(db, 'test', broken), faultWith(/schema \d+ \(broken\)/))
    assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, SCHEMA)
    assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'good'").get()?.n, 0)
  })

  it('numbers its steps from 1 without gaps', () => {
    assert.deepEqual(
      MIGRATIONS.map(({ number }) => number),
      MIGRATIONS.map((_, at) => at + 1),
    )
  })
})

describe('restoreStore', () => {
  async function backup(): Promise<string> {
    const file = newFile()
    const writer = await startWriter({ file })
    const store = openStore({ file, port: writer.connect(), directoryChanges: writer.directoryChanges })
    await store.directory.addDomain({ name: 'example.test' })
    await store.backup(`${file}.backup`)
    await store.close()
    await writer.close()
    return `${file}.backup`
  }

  it('replaces a store, its log included', async () => {
    const from = await backup()
    const to = newFile()
    const writer = await startWriter({ file: to })
    const store = openStore({ file: to, port: writer.connect(), directoryChanges: writer.directoryChanges })
    await store.directory.addDomain({ name: 'other.test' })
    await store.close()
    await writer.close()
    restoreStore({ from, to })
    assert.equal(statSync(to).mode & 0o077, 0)
    const again = await startWriter({ file: to })
    const restored = openStore({ file: to, port: again.connect(), directoryChanges: again.directoryChanges })
    assert.deepEqual(
      (await restored.directory.domains()).map(({ name }) => name),
      ['example.test'],
    )
    await restored.close()
    await again.close()
  })

  it('leaves the store as it is when the backup is not one', async () => {
    const good = await backup()
    const to = newFile()
    restoreStore({ from: good, to })
    const before = readFileSync(to)

    const damaged = `${good}.damaged`
    const bytes = readFileSync(good)
    bytes.fill(0x5a, 16_384 * 3, 16_384 * 5)
    writeFileSync(damaged, bytes)
    const empty = `${good}.empty`
    writeFileSync(empty, '')
    const foreign = `${good}.foreign`
    const db = new DatabaseSync(foreign)
    db.exec(`CREATE TABLE theirs (x); PRAGMA user_version = 1`)
    db.close()
    for (const [from, says] of [
      [`${good}.absent`, /no such file/],
      [damaged, /damaged|malformed/],
      [empty, /not a backup/],
      [foreign, /another program/],
    ] as const) {
      assert.throws(() => restoreStore({ from, to }), faultWith(says))
      assert.deepEqual(readFileSync(to), before)
      assert.deepEqual(readdirSync(join(to, '..')).toSorted(), ['postern.db', 'postern.db.lock'])
    }
    assert.equal(APPLICATION_ID, 0x506f7374)
  })
})
