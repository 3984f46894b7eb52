import type { DatabaseSync } from 'node:sqlite'
import type { Block, Suspension } from '#base/block.ts'
import type { BlockStore } from '../contract.ts'
import { withoutNulls } from './rows.ts'

const BLOCK = 'id, network, reason, evidence, since AS sinceMs, until AS untilMs, repeats, ref, author'
const SUSPENSION = 'ip, evidence, since AS sinceMs, ref'

/** Read blocks, suspended trust, and what else is remembered. */
export function readBlocks(
  db: DatabaseSync,
): Pick<BlockStore, 'standing' | 'countSince' | 'suspensions' | 'remembered'> {
  const standing = db.prepare(`SELECT ${BLOCK} FROM block WHERE until > ? OR until IS NULL ORDER BY id`)
  const count = db.prepare('SELECT count(*) AS n FROM block WHERE network = ? AND since >= ?')
  const suspensions = db.prepare(`SELECT ${SUSPENSION} FROM suspension ORDER BY since, ip`)
  const remembered = db.prepare('SELECT value FROM remembered WHERE name = ?')
  return {
    standing: (nowMs) => standing.all(nowMs).map((row) => withoutNulls<Block>(row)),
    countSince: (network, sinceMs) => Number(count.get(network, sinceMs)?.n),
    suspensions: () => suspensions.all().map((row) => withoutNulls<Suspension>(row)),
    remembered: (name) => remembered.get(name)?.value as string | undefined,
  }
}

export const BLOCK_WRITES = ['add', 'lift', 'forgetBefore', 'suspend', 'restoreTrust', 'remember'] as const

/** Write blocks, suspended trust, and what else is to be remembered. */
export function writeBlocks(db: DatabaseSync) {
  const insert = db.prepare(
    'INSERT INTO block (network, reason, evidence, since, until, repeats, ref, author) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM block WHERE id = ?')
  // A comparison with NULL is no match: what lasts until it is lifted stays.
  const forget = db.prepare('DELETE FROM block WHERE id IN (SELECT id FROM block WHERE until < ? LIMIT ?)')
  const suspend = db.prepare('INSERT OR REPLACE INTO suspension (ip, evidence, since, ref) VALUES (?, ?, ?, ?)')
  const restore = db.prepare('DELETE FROM suspension WHERE ip = ?')
  const remember = db.prepare('INSERT OR REPLACE INTO remembered (name, value) VALUES (?, ?)')
  return {
    add(block: Omit<Block, 'id'>): Block {
      const { network, reason, evidence, sinceMs, untilMs = null, repeats, ref = null, author = null } = block
      const { lastInsertRowid } = insert.run(network, reason, evidence, sinceMs, untilMs, repeats, ref, author)
      return { id: Number(lastInsertRowid), ...block }
    },
    lift: (id: number): boolean => remove.run(id).changes > 0,
    forgetBefore: (untilMs: number, limit: number): number => Number(forget.run(untilMs, limit).changes),
    suspend({ ip, evidence, sinceMs, ref }: Suspension): void {
      suspend.run(ip, evidence, sinceMs, ref ?? null)
    },
    restoreTrust: (ip: string): boolean => restore.run(ip).changes > 0,
    remember(name: string, value: string): void {
      remember.run(name, value)
    },
  }
}
