import type { DatabaseSync } from 'node:sqlite'
import type { TlsCount, TransportStore } from '../contract.ts'
import { withoutNulls } from './rows.ts'

/** Read transport policies, and what was counted of sessions. */
export function readTransport(db: DatabaseSync): Pick<TransportStore, 'policy' | 'countsBefore'> {
  const policy = db.prepare('SELECT policy FROM transport_policy WHERE domain = ?')
  const counts = db.prepare(
    `SELECT day, domain, key, sessions FROM tls_count WHERE day < ?1 AND domain IN
     (SELECT DISTINCT domain FROM tls_count WHERE day < ?1 ORDER BY domain LIMIT ?2) ORDER BY domain, day, key`,
  )
  return {
    policy: (domain) => policy.get(domain)?.policy as string | undefined,
    countsBefore: (day, limit) => counts.all(day, limit).map((row) => withoutNulls<TlsCount>(row)),
  }
}

export const TRANSPORT_WRITES = ['putPolicy', 'forgetPoliciesBefore', 'countSessions', 'forgetCounts'] as const

/** Write transport policies, and count sessions. */
export function writeTransport(db: DatabaseSync) {
  const put = db.prepare('INSERT OR REPLACE INTO transport_policy (domain, policy, until) VALUES (?, ?, ?)')
  const forget = db.prepare(
    'DELETE FROM transport_policy WHERE domain IN (SELECT domain FROM transport_policy WHERE until < ? ORDER BY until LIMIT ?)',
  )
  const count = db.prepare(
    `INSERT INTO tls_count (day, domain, key, sessions) VALUES (?, ?, ?, ?)
     ON CONFLICT (day, domain, key) DO UPDATE SET sessions = sessions + excluded.sessions`,
  )
  const forgetCounts = db.prepare('DELETE FROM tls_count WHERE day = ? AND domain = ?')
  return {
    putPolicy(domain: string, policy: string, untilMs: number): void {
      put.run(domain, policy, untilMs)
    },
    forgetPoliciesBefore: (nowMs: number, limit: number): number => Number(forget.run(nowMs, limit).changes),
    countSessions(counts: readonly TlsCount[]): void {
      for (const { day, domain, key, sessions } of counts) count.run(day, domain, key, sessions)
    },
    forgetCounts(day: string, domain: string): void {
      forgetCounts.run(day, domain)
    },
  }
}
