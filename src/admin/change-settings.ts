import { Fault } from '#base/fault.ts'
import { placeOf } from '#settings/declarations.ts'
import type { Applied, ApplyOptions } from '#settings/keeper.ts'
import { formatProblem, type Problem as SettingsProblem } from '#settings/problem.ts'
import type { Difference } from '#settings/snapshot.ts'
import type { SettingChange, SettingsSaved } from './api.ts'
import { warnMissingCredentials } from './credential-uses.ts'
import type { AdminParts } from './parts.ts'
import { Problem } from './problem.ts'
import type { Asked } from './route.ts'

export type ChangeParts = Pick<AdminParts, 'settings' | 'administratorAddress' | 'credentials'>

/** Say what is wrong with settings as an answer: a line a problem; what is to be done about all of them ends the last one. */
export function refused(problems: readonly SettingsProblem[], status = 400): Problem {
  const lines = problems.map((problem, index) => {
    const general = index > 0 && problem.path === '' && problem.line === undefined
    return `${index === 0 ? '' : general ? ' ' : '\n'}${formatProblem(problem)}`
  })
  return new Problem(status, lines.join(''))
}

/**
 * Change the settings, and give what that did. One change at a time: what `run` reads of the settings still stands when it
 * writes. A change that cannot take effect (a port that is taken, a certificate that is missing) is taken back: the server
 * must be able to start with what is kept.
 */
export async function changeSettings(
  parts: ChangeParts,
  { author, clientIp }: Pick<Asked, 'author' | 'clientIp'>,
  confirmed: boolean | undefined,
  run: (options: ApplyOptions) => Promise<Applied>,
): Promise<SettingsSaved> {
  const { settings } = parts
  // Through sudo the command does not know where its administrator sits: then it is where one was last seen.
  const administratorIp = clientIp ?? parts.administratorAddress()
  const options = {
    author,
    confirmed: confirmed === true,
    ...(administratorIp === undefined ? {} : { administratorIp }),
  }
  return inTurn(settings, async () => {
    const before = settings.current().version
    try {
      const applied = await run(options)
      if (!applied.ok) throw refused(applied.problems, applied.confirmable === true ? 409 : 400)
      return {
        version: applied.version,
        changes: applied.differences.map(changeOf),
        warnings: [...applied.warnings, ...(await missingCredentials(parts, applied.differences))].map(formatProblem),
      }
    } catch (error) {
      if (!(error instanceof Fault) || settings.current().version === before) throw error
      await settings.rollback(before, { author, confirmed: true })
      throw new Problem(409, `${error.message}. The change was taken back`)
    }
  })
}

/** The vault is no part of the settings: whether it has what a new rule names is asked here. */
async function missingCredentials(
  { settings, credentials }: ChangeParts,
  differences: readonly Difference[],
): Promise<readonly SettingsProblem[]> {
  if (!differences.some(({ path }) => path.startsWith('delivery.routes'))) return []
  const known = (await credentials.list()).map(({ name }) => name)
  return warnMissingCredentials(settings.current().settings, new Set(known))
}

/** Write one difference as text. */
export function changeOf({ path, from, to }: Difference): SettingChange {
  const place = placeOf(path)
  const applies = place === undefined || place.is === 'branch' ? undefined : place.kind.applies
  return { path, from: from ?? '-', to: to ?? '-', applies: applies ?? 'at once' }
}

const turns = new WeakMap<object, Promise<unknown>>()

function inTurn<T>(keeper: object, run: () => Promise<T>): Promise<T> {
  const result = (turns.get(keeper) ?? Promise.resolve()).then(run)
  turns.set(
    keeper,
    result.catch(() => undefined),
  )
  return result
}
