/** The schema as a list: every setting by its path. */
import type { Kind } from './kinds.ts'
import { SCHEMA } from './schema.ts'

/** A branch of the schema: settings and further branches by name. */
export interface Branch {
  readonly [name: string]: Branch | Kind<unknown>
}

/** The schema without its types: what walks it treats every setting alike. */
export const TREE = SCHEMA as unknown as Branch

/** Tell a setting from a branch of settings. */
export function isKind(node: Branch | Kind<unknown>): node is Kind<unknown> {
  return 'parse' in node && typeof node.parse === 'function'
}

function* walk(branch: Branch, prefix: string): Generator<[string, Kind<unknown>]> {
  for (const [name, node] of Object.entries(branch)) {
    if (isKind(node)) yield [prefix + name, node]
    else yield* walk(node, `${prefix}${name}.`)
  }
}

/** Every setting by path, in the order of the schema. */
export const DECLARATIONS: ReadonlyMap<string, Kind<unknown>> = new Map(walk(TREE, ''))

export type Place =
  | { readonly is: 'setting'; readonly path: string; readonly kind: Kind<unknown> }
  /** One name of a setting that maps names, such as `ipGroups.office`. */
  | { readonly is: 'entry'; readonly path: string; readonly kind: Kind<unknown>; readonly name: string }
  | { readonly is: 'branch'; readonly path: string; readonly branch: Branch }

/** Find what a path names; undefined when nothing stands there. `''` is the whole tree. */
export function placeOf(path: string): Place | undefined {
  let node: Branch | Kind<unknown> = TREE
  const steps = path === '' ? [] : path.split('.')
  for (const [index, step] of steps.entries()) {
    if (isKind(node)) {
      const name = steps.slice(index).join('.')
      return node.entry === undefined || name === '' ? undefined : { is: 'entry', path, kind: node, name }
    }
    const next: Branch | Kind<unknown> | undefined = Object.hasOwn(node, step) ? node[step] : undefined
    if (next === undefined) return undefined
    node = next
  }
  return isKind(node) ? { is: 'setting', path, kind: node } : { is: 'branch', path, branch: node }
}
