/** Settings text (the form of `postern settings export`) into checked values, or what is wrong with it and where. */
import { isMap, type Node } from 'yaml'
import { printable } from '#base/printable.ts'
import { type Branch, DECLARATIONS, isKind, placeOf, TREE } from './declarations.ts'
import { type Entry, type Kind, NAME, type Parsed } from './kinds.ts'
import { MOST_PROBLEMS, type Position, type Problem, quote } from './problem.ts'
import { nearest } from './suggest.ts'
import { nodeUnder, parseYaml, type YamlSource } from './yaml-source.ts'

/**
 * What a text names, by path, parsed: `session.maxHops` → 100. A setting that maps names has a path for each name
 * (`ipGroups.office`), and there `undefined` means that the name is taken away.
 */
export type Changes = ReadonlyMap<string, unknown>

/** Changes, and where each stands in the text they came from. */
export interface Draft {
  readonly changes: Changes
  readonly locate: Locate
}

export type Loaded = ({ readonly ok: true } & Draft) | { readonly ok: false; readonly problems: readonly Problem[] }

/** Give the place of a path (`relay.ipGroup`, `ipGroups.office[2]`) in the text, if the text names it. */
export type Locate = (path: string) => Position | undefined

/** Give problems their places: that of the setting, or else of the first other one that the text names. */
export function located(problems: readonly Problem[], locate: Locate): readonly Problem[] {
  return problems.map((problem) => {
    for (const path of [problem.path, ...(problem.also ?? [])]) {
      const position = locate(path)
      if (position !== undefined) return { ...problem, ...position }
    }
    return problem
  })
}

/** Read a settings text; what it does not name stays out of the changes. Never throws, whatever the text. */
export function loadChanges(text: string): Loaded {
  const parsed = parseYaml(text)
  return parsed.ok ? loadChangesAt(parsed.source, parsed.source.root) : parsed
}

/** Read the settings at a node of a larger document (`settings:` of a provisioning file); places are those of the whole. */
export function loadChangesAt(source: YamlSource, node: Node | null): Loaded {
  const reading = new Reading(source)
  reading.branch(TREE, '', node)
  return reading.result()
}

/**
 * Read the text given for one setting, or one branch of them: YAML first; where that is not taken, the text as it stands
 * (`*`, `1234` as a name) and, for a list, the text as entries between commas. A map of names becomes exactly what is given.
 */
export function loadSetting(path: string, text: string): Loaded {
  const place = placeOf(path)
  if (place === undefined) return { ok: false, problems: [{ path: printable(path, 80), says: noSuchSetting(path) }] }
  const parsed = parseYaml(text)
  if (!parsed.ok && place.is === 'branch') return parsed
  const reading = new Reading(parsed.ok ? parsed.source : undefined)
  if (parsed.ok) reading.at(place, parsed.source.root)
  if (place.is === 'setting' && !reading.sound) {
    for (const value of place.kind.kind === 'list' ? [text, entriesOf(text)] : [text]) {
      const whole = place.kind.parse(value)
      if (whole.ok) return { ok: true, changes: new Map([[path, whole.value]]), locate: () => undefined }
    }
  }
  return parsed.ok ? reading.result() : parsed
}

function entriesOf(text: string): string[] {
  return text.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
}

function noSuchSetting(path: string): string {
  const near = nearest(path, DECLARATIONS.keys()) ?? sameName(path)
  return `There is no setting ${quote(path)}${near === undefined ? '.' : `: did you mean ${near}?`}`
}

/** Find a setting elsewhere in the tree that has this last name. */
function sameName(path: string): string | undefined {
  const last = path.slice(path.lastIndexOf('.') + 1)
  return [...DECLARATIONS.keys()].find((known) => known.endsWith(`.${last}`))
}

/** One reading of one text: what was found so far, and what was wrong. */
class Reading {
  readonly #source: YamlSource | undefined
  readonly #changes = new Map<string, unknown>()
  readonly #nodes = new Map<string, Node | null>()
  readonly #problems: Problem[] = []

  constructor(source: YamlSource | undefined) {
    this.#source = source
  }

  get sound(): boolean {
    return this.#source !== undefined && this.#problems.length === 0
  }

  result(): Loaded {
    if (this.#problems.length > 0) return { ok: false, problems: this.#problems.slice(0, MOST_PROBLEMS) }
    const [source, nodes] = [this.#source, this.#nodes]
    return { ok: true, changes: this.#changes, locate: (path) => locate(source, nodes, path) }
  }

  at(place: NonNullable<ReturnType<typeof placeOf>>, node: Node | null): void {
    if (place.is === 'branch') this.branch(place.branch, place.path, node)
    else if (place.is === 'entry') this.#entry(place.kind, place.path, place.name, node, node)
    else this.#setting(place.kind, place.path, node, true)
  }

  branch(branch: Branch, path: string, node: Node | null): void {
    const source = this.#source as YamlSource
    // A branch with nothing under it (all commented out) names nothing.
    if (node === null || source.plainNull(node)) return
    if (!isMap(node)) {
      this.#problems.push(source.problem(path, node, `Cannot take ${source.quote(node)}: wanted ${listOf(branch)}.`))
      return
    }
    for (const { key, keyNode, node: value } of source.pairs(node, path, this.#problems)) {
      if (this.#problems.length >= MOST_PROBLEMS) return
      const under = path === '' ? key : `${path}.${key}`
      const next = Object.hasOwn(branch, key) ? branch[key] : undefined
      if (next === undefined) this.#unknown(branch, under, key, keyNode)
      else if (isKind(next)) this.#setting(next, under, value, false)
      else this.branch(next, under, value)
    }
  }

  #unknown(branch: Branch, path: string, key: string, keyNode: Node): void {
    const near = nearest(key, Object.keys(branch)) ?? sameName(key)
    const hint = near === undefined ? `here may stand ${listOf(branch)}.` : `did you mean ${near}?`
    const shown = path.length > 80 ? key : path
    this.#problems.push(
      (this.#source as YamlSource).problem(
        printable(shown, 80),
        keyNode,
        `There is no setting ${quote(shown)}: ${hint}`,
      ),
    )
  }

  #setting(kind: Kind<unknown>, path: string, node: Node | null, whole: boolean): void {
    if (kind.entry === undefined) {
      this.#value(kind, path, node, kind.kind === 'secret')
      return
    }
    const source = this.#source as YamlSource
    if (node === null || source.plainNull(node)) return
    if (!isMap(node)) {
      this.#problems.push(source.problem(path, node, `Cannot take ${source.quote(node)}: wanted ${kind.accepts}.`))
      return
    }
    // Set as a whole, the names that it does not name go.
    const defaults = kind.default as Readonly<Record<string, unknown>>
    if (whole) for (const name of Object.keys(defaults)) this.#changes.set(`${path}.${name}`, undefined)
    for (const { key, keyNode, node: value } of source.pairs(node, path, this.#problems)) {
      if (this.#problems.length >= MOST_PROBLEMS) return
      this.#entry(kind, `${path}.${key}`, key, keyNode, value)
    }
  }

  #entry(kind: Kind<unknown>, path: string, name: string, keyNode: Node | null, node: Node | null): void {
    const source = this.#source as YamlSource
    if (!NAME.test(name)) {
      const says = `Cannot take the name ${quote(name)}: wanted letters, digits, . _ and -, at most 64.`
      this.#problems.push(source.problem(printable(path, 80), keyNode, says))
      return
    }
    if (node === null || source.plainNull(node)) {
      this.#changes.set(path, undefined)
      this.#nodes.set(path, keyNode)
    } else this.#value(kind.entry as Entry<unknown>, path, node, false)
  }

  #value(entry: Entry<unknown>, path: string, node: Node | null, secret: boolean): void {
    const source = this.#source as YamlSource
    const before = this.#problems.length
    const plain = source.plain(node, path, this.#problems)
    if (this.#problems.length > before) return
    const parsed: Parsed<unknown> = entry.parse(plain)
    if (parsed.ok) {
      this.#changes.set(path, parsed.value)
      this.#nodes.set(path, node)
      return
    }
    const wrong = nodeUnder(node, parsed.path ?? [])
    const value = secret ? 'this' : source.quote(wrong)
    // `- fc00::` is a map to YAML: the colon at the end makes it one.
    const hint =
      isMap(wrong) && /^"[0-9a-f:]+:"$/i.test(value)
        ? ' (put it in quotes: to YAML the : at its end has a meaning)'
        : ''
    this.#problems.push(
      source.problem(path + suffix(parsed.path), wrong, `Cannot take ${value}: wanted ${parsed.wanted}${hint}.`),
    )
  }
}

function listOf(branch: Branch): string {
  return Object.keys(branch).join(', ')
}

function suffix(path: readonly (string | number)[] = []): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
}

function locate(
  source: YamlSource | undefined,
  nodes: ReadonlyMap<string, Node | null>,
  path: string,
): Position | undefined {
  const [, base = path, indices = ''] = /^(.*?)((?:\[\d+\])*)$/s.exec(path) ?? []
  const node = nodes.get(base)
  if (source === undefined || node === undefined) return undefined
  return source.at(
    nodeUnder(
      node,
      [...indices.matchAll(/\d+/g)].map(([index]) => Number(index)),
    ),
  )
}
