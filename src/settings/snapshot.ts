/** Settings as a whole: built from what was changed, and turned back into text, differences and single values. */
import { Document, isMap, type Scalar, stringify } from 'yaml'
import { type Branch, DECLARATIONS, isKind, placeOf, TREE } from './declarations.ts'
import type { Entry, Kind } from './kinds.ts'
import { type Changes, type Loaded, loadSetting } from './load.ts'
import type { Settings } from './schema.ts'

type Values = Readonly<Record<string, unknown>>

/** Fill in the defaults around what was changed. The result is frozen, plain data. */
export function buildSettings(changes: Changes): Settings {
  const names = new Map<string, Map<string, unknown>>()
  for (const [path, value] of changes) {
    const place = placeOf(path)
    if (place?.is !== 'entry') continue
    const setting = path.slice(0, -place.name.length - 1)
    if (!names.has(setting)) names.set(setting, new Map())
    names.get(setting)?.set(place.name, value)
  }
  const value = (kind: Kind<unknown>, path: string): unknown => {
    if (kind.entry === undefined) return changes.has(path) ? changes.get(path) : kind.default
    const entries: Record<string, unknown> = Object.assign(Object.create(null), kind.default)
    for (const [name, entry] of names.get(path) ?? []) {
      if (entry === undefined) delete entries[name]
      else entries[name] = entry
    }
    return entries
  }
  const build = (branch: Branch, prefix: string): Values =>
    Object.fromEntries(
      Object.entries(branch).map(([name, node]) => {
        const path = prefix + name
        return [name, isKind(node) ? value(node, path) : build(node, `${path}.`)]
      }),
    )
  return frozen(build(TREE, '')) as Settings
}

/** Give the settings that nobody has changed. */
export function defaultSettings(): Settings {
  return buildSettings(new Map())
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}

/** Give what differs from the defaults. `buildSettings` of it gives the same settings again. */
export function changesOf(settings: Settings): Changes {
  const changes = new Map<string, unknown>()
  for (const { path, to, value } of differences(defaultSettings(), settings)) {
    changes.set(path, to === undefined ? undefined : value)
  }
  return changes
}

/** Lay changes over settings: what they do not name stays. */
export function withChanges(settings: Settings, changes: Changes): Settings {
  return buildSettings(new Map([...changesOf(settings), ...changes]))
}

/** Give the value of a setting, or the values of a branch, in the form of the settings file; undefined when there is none. */
export function getPath(settings: Settings, path: string): { readonly value: unknown } | undefined {
  const place = placeOf(path)
  if (place === undefined) return undefined
  if (place.is === 'branch') return { value: formatted(settings, place.branch, place.path) }
  if (place.is === 'setting') return { value: shown(place.kind, valueAt(settings, path)) }
  const names = valueAt(settings, path.slice(0, -place.name.length - 1)) as Values
  return Object.hasOwn(names, place.name)
    ? { value: (place.kind.entry as Entry<unknown>).format(names[place.name]) }
    : undefined
}

/** Read the text of a command line for a path into changes; a map of names becomes exactly what the text names. */
export function setPath(settings: Settings, path: string, text: string): Loaded {
  const loaded = loadSetting(path, text)
  const place = placeOf(path)
  if (!loaded.ok || place?.is !== 'setting' || place.kind.entry === undefined) return loaded
  const gone = Object.keys(valueAt(settings, path) as Values).map((name) => [`${path}.${name}`, undefined] as const)
  return { ...loaded, changes: new Map([...gone, ...loaded.changes]) }
}

function formatted(settings: Settings, branch: Branch, prefix: string): unknown {
  return Object.fromEntries(
    Object.entries(branch).map(([name, node]) => {
      const path = prefix === '' ? name : `${prefix}.${name}`
      return [name, isKind(node) ? shown(node, valueAt(settings, path)) : formatted(settings, node, path)]
    }),
  )
}

function valueAt(settings: Settings, path: string): unknown {
  let value: unknown = settings
  for (const step of path.split('.')) value = (value as Values)[step]
  return value
}

/** What stands for a secret wherever settings are shown. */
const SECRET = '(secret)'

function shown(kind: Kind<unknown>, value: unknown): unknown {
  return kind.kind === 'secret' ? SECRET : kind.format(value)
}

// ---- differences ----------------------------------------------------------------------------------------------------

/** One setting that differs, both sides as one line of the settings file; undefined where a name does not exist. */
export interface Difference {
  readonly path: string
  readonly from: string | undefined
  readonly to: string | undefined
}

/** List what differs between two settings, in the order of the schema. */
export function diffSettings(a: Settings, b: Settings): readonly Difference[] {
  return [...differences(a, b)].map(({ path, from, to }) => ({ path, from: oneLine(from), to: oneLine(to) }))
}

function isPlainIPv4(value: unknown): boolean {
  return typeof value === 'string' && /^(?:\d{1,3}\.){3}\d[\d./-]*$/.test(value)
}

/** Write a value of the settings file on one line. */
export function oneLine(value: unknown): string | undefined {
  if (value === undefined) return undefined
  // A group of 100,000 networks: what needs no quotes is only joined.
  if (Array.isArray(value) && value.length > 100 && value.every(isPlainIPv4)) return `[${value.join(', ')}]`
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd()
}

function* differences(
  a: Settings,
  b: Settings,
): Generator<{ path: string; from: unknown; to: unknown; readonly value: unknown }> {
  for (const [path, kind] of DECLARATIONS) {
    const [before, after] = [valueAt(a, path), valueAt(b, path)]
    if (before === after) continue
    if (kind.entry === undefined) {
      if (!same(kind.format(before), kind.format(after))) {
        yield { path, from: shown(kind, before), to: shown(kind, after), value: after }
      }
      continue
    }
    const { format } = kind.entry
    for (const name of new Set([...Object.keys(before as Values), ...Object.keys(after as Values)])) {
      const [from, to] = [before as Values, after as Values].map((names) =>
        Object.hasOwn(names, name) ? format(names[name]) : undefined,
      )
      if (!same(from, to)) yield { path: `${path}.${name}`, from, to, value: (after as Values)[name] }
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

// ---- export ---------------------------------------------------------------------------------------------------------

export interface ExportOptions {
  /** All settings, or only those that differ from their defaults. */
  readonly what: 'all' | 'changed'
  /** With each setting's meaning and bounds as comments. */
  readonly comments?: boolean
  /** With secrets: for the store alone. Without, they are left out. */
  readonly secrets?: boolean
}

/** Write settings as YAML that `loadChanges` reads back; a default name that was taken away stands as `null`. */
export function exportYaml(settings: Settings, { what, comments = false, secrets = false }: ExportOptions): string {
  const changed = changesOf(settings)
  const data = nested(function* () {
    for (const [path, kind] of DECLARATIONS) {
      const steps = path.split('.')
      if (kind.entry === undefined) {
        const wanted = (what === 'all' || changed.has(path)) && (secrets || kind.kind !== 'secret')
        if (wanted) yield [steps, kind.format(valueAt(settings, path))]
        continue
      }
      const names = valueAt(settings, path) as Values
      for (const name of new Set([...Object.keys(names), ...Object.keys(kind.default as Values)])) {
        if (what === 'changed' && !changed.has(`${path}.${name}`)) continue
        yield [[...steps, name], Object.hasOwn(names, name) ? kind.entry.format(names[name]) : null]
      }
    }
  })
  if (Object.keys(data).length === 0) return ''
  const document = new Document(data, { aliasDuplicateObjects: false })
  if (comments) addComments(document.contents, TREE)
  return document.toString({ lineWidth: 0 })
}

/** Build a tree out of values and the steps that lead to each. */
function nested(values: () => Iterable<readonly [readonly string[], unknown]>): Record<string, unknown> {
  const root: Record<string, unknown> = Object.create(null)
  for (const [steps, value] of values()) {
    let here = root
    for (const step of steps.slice(0, -1)) {
      here[step] ??= Object.create(null)
      here = here[step] as Record<string, unknown>
    }
    here[steps.at(-1) as string] = value
  }
  return root
}

function addComments(map: unknown, branch: Branch): void {
  if (!isMap<Scalar<string>>(map)) return
  for (const [index, { key, value }] of map.items.entries()) {
    const node = branch[key.value]
    if (node === undefined) continue
    if (isKind(node)) key.commentBefore = ` ${node.about}\n Accepts ${node.accepts}.`
    else addComments(value, node)
    if (index > 0) key.spaceBefore = true
  }
}
