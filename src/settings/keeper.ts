/** The settings as they stand now, and the one way to change them: checked, kept as a version, then told to whoever uses them. */
import type { Clock } from '#base/clock.ts'
import { Fault } from '#base/fault.ts'
import { addressesOfThisMachine } from '#base/this-machine.ts'
import { checkAccess } from './access.ts'
import { checkSettings } from './checks.ts'
import type { Ports } from './listen.ts'
import { type Draft, type Loaded, loadChanges, located } from './load.ts'
import { formatProblem, type Problem } from './problem.ts'
import type { Settings } from './schema.ts'
import {
  buildSettings,
  type Difference,
  defaultSettings,
  diffSettings,
  exportYaml,
  setPath,
  withChanges,
} from './snapshot.ts'
import type { Version, Versions } from './versions.ts'
import { warnSettings } from './warnings.ts'

export interface Current {
  /** 0 while nothing was ever changed. */
  readonly version: number
  readonly settings: Settings
}

/** `merge`: what the text does not name stays. `replace`: what it does not name goes back to its default. */
export type ApplyMode = 'merge' | 'replace'

export type Preview =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly differences: readonly Difference[]
      /** What is allowed, and probably not meant. */
      readonly warnings: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export type Applied =
  | {
      readonly ok: true
      readonly version: number
      /** False when all was so already: then no version was added. */
      readonly changed: boolean
      readonly differences: readonly Difference[]
      /** See `Preview`. */
      readonly warnings: readonly Problem[]
    }
  | {
      readonly ok: false
      readonly problems: readonly Problem[]
      /** The change is sound, and dangerous: it is made when it comes again with `confirmed`. */
      readonly confirmable?: true
    }

export interface ApplyOptions {
  /** Who changes it: `postern (root)`, `provisioning`, an administrator's address. */
  readonly author: string
  readonly comment?: string
  readonly mode?: ApplyMode
  /** Where the administrator sits: a change that would cut that address off is refused unless confirmed. */
  readonly administratorIp?: string
  /** The second, explicit yes to a change that would be refused as dangerous. */
  readonly confirmed?: boolean
}

/**
 * Told of new settings once they are durable, in the order of versions; `apply` resolves when all listeners have settled.
 * A listener must not change settings itself and wait for it.
 */
export type SettingsListener = (current: Current, differences: readonly Difference[]) => void | Promise<void>

/**
 * Weighs settings before they are kept: gives what is dangerous in them, such as a way for strangers to relay. A change that
 * brings such a thing about needs `confirmed`; what stood before it needs no second yes.
 */
export type Weigh = (settings: Settings) => Promise<readonly Problem[]>

export interface KeeperOptions {
  readonly clock: Clock
  readonly ports?: Ports
  readonly weigh?: Weigh
}

const UNCONFIRMED: Problem = {
  path: '',
  says: 'Nothing was changed. If this is what you want, say so once more (with --confirm).',
}

/** How often a change is weighed anew because another node added a version in between. */
const MOST_ATTEMPTS = 5

/** Keeps the settings of this process. Changes go one at a time; each is weighed against the settings it will replace. */
export class SettingsKeeper {
  readonly #versions: Versions
  readonly #clock: Clock
  readonly #ports: Ports
  readonly #weigh: Weigh
  readonly #listeners = new Set<SettingsListener>()
  #current: Current
  #last: Promise<unknown> = Promise.resolve()

  private constructor(versions: Versions, current: Current, { clock, ports, weigh }: KeeperOptions) {
    this.#versions = versions
    this.#current = current
    this.#clock = clock
    this.#ports = ports ?? 'standard'
    this.#weigh = weigh ?? (async () => [])
  }

  /** Load the newest version. Throws a lasting Fault, with the path at fault, when it is not valid for this release. */
  static async open(versions: Versions, options: KeeperOptions): Promise<SettingsKeeper> {
    return new SettingsKeeper(versions, currentOf(await versions.latest()), options)
  }

  /** Give the settings as they stand now. */
  current(): Current {
    return this.#current
  }

  /** Call `listener` after each change from now on; the answer ends that. */
  subscribe(listener: SettingsListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Apply a settings text, or one that was loaded already (a part of a provisioning file), as a new version. */
  apply(draft: string | Draft, options: ApplyOptions): Promise<Applied> {
    const loaded = loadedOf(draft)
    return this.#change(options, '', (base) => this.#preview(base, loaded, options.mode ?? 'merge'))
  }

  /** Set one setting, or the settings of one branch, to a text in the form of the command line. */
  set(path: string, text: string, by: string | ApplyOptions, comment = `set ${path}`): Promise<Applied> {
    return this.#change(optionsOf(by), comment, (base) => {
      const draft = this.#preview(base, setPath(base, path, text), 'merge')
      return draft.ok || text.includes('\n') ? draft : { ok: false, problems: draft.problems.map(placeless) }
    })
  }

  /** Make the content of an old version the newest again. */
  async rollback(version: number, by: string | ApplyOptions): Promise<Applied> {
    const old = version === 0 ? { changed: '' } : await this.#versions.get(version)
    if (old === undefined) {
      const says = `There is no version ${version} of the settings: see \`postern settings history\`.`
      return { ok: false, problems: [{ path: '', says }] }
    }
    const loaded = loadChanges(old.changed)
    return this.#change(optionsOf(by), `roll back to version ${version}`, (base) =>
      this.#preview(base, loaded, 'replace'),
    )
  }

  /** List the newest versions, newest first, without their content. */
  async history(limit = 100): Promise<readonly Omit<Version, 'changed'>[]> {
    return this.#versions.history(limit)
  }

  /** Weigh a draft without keeping it: the settings it would make, and what differs from those of now. */
  diffAgainst(draft: string | Draft, mode: ApplyMode = 'merge'): Preview {
    return this.#preview(this.#current.settings, loadedOf(draft), mode)
  }

  /** Take up the versions that other nodes have added since. */
  refresh(): Promise<void> {
    return this.#alone(async () => {
      const latest = await this.#versions.latest()
      if (latest !== undefined && latest.version > this.#current.version) await this.#take(currentOf(latest))
    })
  }

  #preview(base: Settings, loaded: Loaded, mode: ApplyMode): Preview {
    if (!loaded.ok) return loaded
    const settings = mode === 'merge' ? withChanges(base, loaded.changes) : buildSettings(loaded.changes)
    const problems = checkSettings(settings, { ports: this.#ports })
    if (problems.length > 0) return { ok: false, problems: located(problems, loaded.locate) }
    const warnings = without(warnSettings(settings), warnSettings(base))
    return { ok: true, settings, differences: diffSettings(base, settings), warnings }
  }

  /** Give the dangers that a change brings about. */
  async #dangers(base: Settings, settings: Settings, { administratorIp }: ApplyOptions): Promise<readonly Problem[]> {
    const machineAddresses = addressesOfThisMachine()
    const cutOff = checkAccess(base, settings, { administratorIp, machineAddresses })
    const weighed = await this.#weigh(settings)
    return [...cutOff, ...(weighed.length === 0 ? [] : without(weighed, await this.#weigh(base)))]
  }

  #change(options: ApplyOptions, comment: string, preview: (base: Settings) => Preview): Promise<Applied> {
    return this.#alone(async () => {
      for (let attempt = 1; ; attempt++) {
        const { version: basedOn, settings: base } = this.#current
        const draft = preview(base)
        if (!draft.ok) return draft
        const { settings, differences } = draft
        if (differences.length === 0) return { ...told(draft), version: basedOn, changed: false }
        const dangers = await this.#dangers(base, settings, options)
        if (dangers.length > 0 && options.confirmed !== true) {
          return { ok: false, problems: [...dangers, UNCONFIRMED], confirmable: true }
        }
        const added = {
          atMs: this.#clock.nowMs(),
          author: options.author.slice(0, 200),
          comment: (options.comment ?? comment).slice(0, 1000),
          changed: exportYaml(settings, { what: 'changed', secrets: true }),
        }
        let version: number
        try {
          version = await this.#versions.add(added, basedOn)
        } catch (error) {
          const latest = await this.#versions.latest()
          if (latest === undefined || latest.version === basedOn || attempt === MOST_ATTEMPTS) throw error
          await this.#take(currentOf(latest))
          continue
        }
        await this.#take({ version, settings }, differences)
        return { ...told(draft), version, changed: true, warnings: [...dangers, ...draft.warnings] }
      }
    })
  }

  async #take(current: Current, differences = diffSettings(this.#current.settings, current.settings)): Promise<void> {
    this.#current = current
    // All are told even if one fails; then the failure is the caller's to report.
    const heard = await Promise.allSettled([...this.#listeners].map(async (listener) => listener(current, differences)))
    const failed = heard.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run)
    this.#last = result.catch(() => undefined)
    return result
  }
}

/** Take the place off a problem: in the one line of one setting a line and a column say nothing. */
function placeless({ line: _line, column: _column, ...problem }: Problem): Problem {
  return problem
}

function optionsOf(by: string | ApplyOptions): ApplyOptions {
  return typeof by === 'string' ? { author: by } : by
}

/** Give what is told of a draft that was kept. */
function told({ differences, warnings }: Extract<Preview, { ok: true }>) {
  return { ok: true, differences, warnings } as const
}

/** Give the problems that are not among those known before. */
function without(problems: readonly Problem[], before: readonly Problem[]): readonly Problem[] {
  const known = new Set(before.map(formatProblem))
  return problems.filter((problem) => !known.has(formatProblem(problem)))
}

function loadedOf(draft: string | Draft): Loaded {
  return typeof draft === 'string' ? loadChanges(draft) : { ok: true, ...draft }
}

function currentOf(latest: Version | undefined): Current {
  if (latest === undefined) return { version: 0, settings: defaultSettings() }
  const { version, author, changed } = latest
  const loaded = loadChanges(changed)
  const settings = loaded.ok ? buildSettings(loaded.changes) : undefined
  // Two services on one port is for the socket to say: it must not keep the server, and so the way to mend it, from starting.
  const [problem] = loaded.ok ? checkSettings(settings as Settings, { ports: 'any' }) : loaded.problems
  if (problem === undefined) return { version, settings: settings as Settings }
  throw new Fault(
    `Cannot use settings version ${version} (by ${author}): ${formatProblem(problem)} Start the release that wrote it, and change this setting there first.`,
    { temporary: false },
  )
}
