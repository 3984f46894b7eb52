import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { after, beforeEach, describe, it } from 'node:test'
import { Fault } from '#base/fault.ts'
import { isStoreFull } from '../contract.ts'
import { openForWriting } from './connection.ts'
import { GroupCommit } from './group-commit.ts'
import type { MessageRow } from './messages.ts'
import { openOperations } from './operations.ts'
import { type Answer, type Batch, errorOf } from './wire.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-commit-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('GroupCommit', () => {
  let db: DatabaseSync
  let commits: GroupCommit
  let files = 0
  let record = 0

  beforeEach(() => {
    files += 1
    db = openForWriting(join(folder, `${files}.db`))
    commits = new GroupCommit(db, openOperations(db))
    db.exec('INSERT INTO mailbox (id) VALUES (1)')
  })

  function accept(size: number, mailbox = 1): { calls: unknown[]; bytes: Uint8Array } {
    record += 1
    const row: MessageRow = ['a@b.example', 1, 0, undefined, [mailbox], [], [record, 1, '[]', '{}'], undefined]
    return { calls: ['messages.accept', [row], 0, size], bytes: Buffer.alloc(size, 'x') }
  }

  function batch(...accepts: { calls: unknown[]; bytes: Uint8Array }[]): Batch {
    let at = 0
    const calls = accepts.flatMap(({ calls: [name, args, , length], bytes }) => {
      at += bytes.length
      return [name, args, at - bytes.length, length]
    })
    return { line: 1, calls, bytes: Buffer.concat(accepts.map(({ bytes }) => bytes)) }
  }

  function errors(answers: readonly Answer[]): (Error | undefined)[] {
    return answers.flatMap(({ results, failures }) =>
      results.map((_, at) => {
        const failure = failures?.get(at)
        return failure === undefined ? undefined : errorOf(failure)
      }),
    )
  }

  function stored(): unknown {
    return db.prepare('SELECT messages FROM mailbox WHERE id = 1').get()?.messages
  }

  it('commits all batches, and answers each in the order of its calls', () => {
    const answers = commits.run([batch(accept(10), accept(20)), batch(accept(30))])
    assert.deepEqual(
      answers.map(({ results }) => results),
      [[1, 2], [3]],
    )
    assert.equal(stored(), 3)
  })

  it('keeps a failure from the others, in the same batch and in others', () => {
    const answers = commits.run([batch(accept(10), accept(10, 99), accept(10)), batch(accept(10))])
    assert.deepEqual(
      errors(answers).map((error) => error?.message),
      [undefined, 'Cannot put the message into mailbox 99: it does not exist', undefined, undefined],
    )
    assert.equal(stored(), 3)
    assert.equal(db.prepare('SELECT count(*) AS n FROM message').get()?.n, 3)
  })

  it('reports a full disk as such, takes what still fits, and goes on when there is room again', () => {
    commits.run([batch(accept(10))])
    const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages}`)
    const [small, large] = errors(commits.run([batch(accept(10), accept(500_000))]))
    assert.equal(small, undefined)
    assert.ok(large instanceof Fault && large.temporary && isStoreFull(large), String(large))
    assert.equal(stored(), 2)
    db.exec(`PRAGMA max_page_count = ${pages + 1000}`)
    assert.deepEqual(errors(commits.run([batch(accept(500_000))])), [undefined])
    assert.equal(stored(), 3)
  })

  it('fails all calls, and stays usable, when the commit itself fails', () => {
    // A deferred constraint is one that only COMMIT looks at.
    db.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER orphan AFTER INSERT ON message WHEN new.size = 666 BEGIN INSERT INTO child VALUES (1); END`)
    const outcome = errors(commits.run([batch(accept(10), accept(666))]))
    assert.equal(outcome[0], undefined)
    assert.ok(outcome[1] instanceof Error && !(outcome[1] instanceof Fault))
    assert.equal(stored(), 1)
    assert.equal(db.isTransaction, false)
  })

  it('never reuses a number that a rollback had taken', () => {
    commits.run([batch(accept(10, 99), accept(10, 99))])
    const first = commits.run([batch(accept(10))])[0]?.results[0]
    commits.run([batch(accept(10, 99))])
    const second = commits.run([batch(accept(10))])[0]?.results[0]
    const next = db.prepare("SELECT next FROM sequence WHERE name = 'message'").get()?.next
    assert.ok(Number(second) > Number(first))
    assert.ok(Number(next) > Number(second))
  })

  it('answers a write that does not exist with a bug, not with silence', () => {
    const [error] = errors(commits.run([{ line: 1, calls: ['__proto__.x', [], 0, -1], bytes: new Uint8Array(0) }]))
    assert.match(String(error), /no write called "__proto__.x"/)
  })
})
