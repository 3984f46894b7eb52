import type { DatabaseSync } from 'node:sqlite'
import { Fault } from '#base/fault.ts'
import type { SettingsVersion, SettingsVersions } from '../contract.ts'

const COLUMNS = 'version, at AS atMs, author, comment, changed'

/** Read settings versions. */
export function readSettingsVersions(db: DatabaseSync): Omit<SettingsVersions, 'add'> {
  const latest = db.prepare(`SELECT ${COLUMNS} FROM settings_version ORDER BY version DESC LIMIT 1`)
  const one = db.prepare(`SELECT ${COLUMNS} FROM settings_version WHERE version = ?`)
  const history = db.prepare(
    'SELECT version, at AS atMs, author, comment FROM settings_version ORDER BY version DESC LIMIT ?',
  )
  return {
    latest: () => latest.get() as SettingsVersion | undefined,
    get: (version) => one.get(version) as SettingsVersion | undefined,
    history: (limit) => history.all(limit) as unknown as Omit<SettingsVersion, 'changed'>[],
  }
}

export const SETTINGS_WRITES = ['add'] as const

/** Write settings versions. */
export function writeSettingsVersions(db: DatabaseSync) {
  const latest = db.prepare('SELECT coalesce(max(version), 0) AS version FROM settings_version')
  const insert = db.prepare(
    'INSERT INTO settings_version (version, at, author, comment, changed) VALUES (?, ?, ?, ?, ?)',
  )
  return {
    add(version: Omit<SettingsVersion, 'version'>, basedOn: number): number {
      const current = Number(latest.get()?.version)
      if (current !== basedOn) {
        throw new Fault(
          `Cannot save the settings: they are based on version ${basedOn}, but version ${current} has been saved since; look at it and try again`,
          { temporary: false },
        )
      }
      insert.run(current + 1, version.atMs, version.author, version.comment, version.changed)
      return current + 1
    },
  }
}
