/** Every setting, declared once. The tree's paths are what users and scripts write: renaming one takes a migration. */
import type { Kind } from './kinds.ts'
import { delivery, queue } from './sections/delivery.ts'
import { ledger, limits } from './sections/limits.ts'
import { decisions, dns, logs, server } from './sections/machine.ts'
import { ipGroups, relay, trust } from './sections/relay.ts'
import { sender } from './sections/sender.ts'
import { services } from './sections/services.ts'
import { rules, session } from './sections/session.ts'
import { tls } from './sections/tls.ts'

export const SCHEMA = {
  server,
  dns,
  services,
  tls,
  ipGroups,
  relay,
  trust,
  limits,
  ledger,
  session,
  sender,
  rules,
  delivery,
  queue,
  decisions,
  logs,
} as const

/** The type of the snapshot that a tree of declarations describes. */
export type Snapshot<T> = T extends Kind<infer V> ? V : { readonly [K in keyof T]: Snapshot<T[K]> }

/** All settings at one moment, checked, defaults filled in: plain data that may cross threads. */
export type Settings = Snapshot<typeof SCHEMA>

export type ServiceName = keyof typeof services
