import type { Settings } from '#settings/schema.ts'
import { refused } from './change-settings.ts'
import type { AdminParts } from './parts.ts'

/** Lay a draft over today's settings; today's where there is none. Throws a Problem that says what is wrong with it, and where. */
export function draftSettings(draft: string | undefined, { settings }: Pick<AdminParts, 'settings'>): Settings {
  if (draft === undefined) return settings.current().settings
  const preview = settings.diffAgainst(draft)
  if (!preview.ok) throw refused(preview.problems)
  return preview.settings
}
