/** What the tests of the rules share: a stranger, readers that answer for one, and settings with a few values changed. */

import type { Kind } from '#settings/kinds.ts'
import { SCHEMA, type Settings } from '#settings/schema.ts'
import type { FactReaders } from './facts.ts'
import type { Subject } from './subject.ts'

type Tree = { readonly [name: string]: Tree | Kind<unknown> }
type Partly<T> = { readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : Partly<T[K]> }

function isKind(node: Tree | Kind<unknown>): node is Kind<unknown> {
  return typeof node.kind === 'string'
}

function fill(tree: Tree, changed: Record<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(tree).map(([name, node]) => {
      const value = changed[name]
      if (isKind(node)) return [name, name in changed ? value : node.default]
      return [name, fill(node, (value ?? {}) as Record<string, unknown>)]
    }),
  )
}

/** Give the default settings, with these values in their place. */
export function defaults(changed: Partly<Settings> = {}): Settings {
  return fill(SCHEMA as unknown as Tree, changed as Record<string, unknown>) as Settings
}

/** Give a client that is in no group, has not logged in and talks to port 25. */
export function stranger(more: Partial<Subject> = {}): Subject {
  return { service: 'smtp', ip: '198.51.100.7', tls: false, loginFailed: false, failedCommands: 0, ...more }
}

/** Give readers that answer for a stranger, with these in their place. */
export function readersOf(more: Partial<FactReaders<Subject>>): FactReaders<Subject> {
  return {
    serviceGroup: () => ({ group: undefined, member: false }),
    relayGroup: () => ({ group: 'local-clients', member: false }),
    serviceConnections: () => 1,
    destination: () => ({ is: 'local', full: false }),
    sincePopLoginMs: () => undefined,
    userLocalOnly: () => false,
    ...more,
  }
}
