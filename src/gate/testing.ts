/** What the tests of the rules share: a stranger, readers that answer for one, and settings with a few values changed. */

import type { Kind } from '#settings/kinds.ts'
import { SCHEMA, type Settings } from '#settings/schema.ts'
import type { AccountCounts, FactReaders } from './facts.ts'
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

export const NOTHING_SENT: AccountCounts = {
  messagesInHour: 0,
  messagesInDay: 0,
  recipientsInHour: 0,
  recipientsInDay: 0,
  newRecipientsInDay: 0,
  bouncesInDay: 0,
  returnedInDay: 0,
}

/** Give readers that answer for a stranger, with these in their place. */
export function readersOf(more: Partial<FactReaders<Subject>>): FactReaders<Subject> {
  return {
    serviceGroup: () => ({ group: undefined, member: false }),
    relayGroup: () => ({ group: 'local-clients', member: false }),
    serviceConnections: () => 1,
    destination: () => ({ is: 'local', full: false }),
    sincePopLoginMs: () => undefined,
    trustGroup: () => ({ group: 'local-clients', member: false }),
    exemptGroup: () => ({ group: 'local-clients', member: false }),
    block: () => undefined,
    neverBlocked: () => false,
    clientConnections: ({ ip }) => [{ network: ip, count: 1, times: 1 }],
    connectionsInMinute: ({ ip }) => [{ network: ip, count: 1, times: 1 }],
    reverseName: () => ({ is: 'found', what: 'client.example' }),
    senderDomain: () => ({ is: 'found', what: 'MX mx.example' }),
    senderOwner: () => ({ is: 'elsewhere' }),
    messagesInHour: ({ ip }) => [{ network: ip, count: 0, times: 1 }],
    messageTaken: ({ ip }) => [{ network: ip, count: 1, times: 1 }],
    account: ({ user }) => (user === undefined ? undefined : { localDomainsOnly: false }),
    accountCounts: ({ user }) => (user === undefined ? undefined : NOTHING_SENT),
    accountMessageTaken: ({ user }) => (user === undefined ? undefined : NOTHING_SENT),
    accountNetworks: ({ user }) => (user === undefined ? undefined : 1),
    recipientKnown: () => true,
    trustSigns: () => undefined,
    evidence: ({ ip }) => [{ network: ip, count: 1, times: 1 }],
    ...more,
  }
}
