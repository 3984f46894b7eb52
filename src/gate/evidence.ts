/**
 * Evidence against a client: what it did that honest ones do seldom. A rule names the kind with its opinion; the stage then
 * counts it, and the kind's row here says how much is too much. It counts against the client that gave it, and never against the
 * account or the recipient it named.
 */
import type { Settings } from '#settings/schema.ts'
import type { Action } from './rule.ts'

export type EvidenceKind = 'unknownRecipient' | 'recipientProbe' | 'deniedRelay' | 'failedCommand' | 'failedLogin'

export interface EvidenceRow {
  /** What the finding and the block call it. */
  readonly reason: string
  readonly about: string
  readonly limit: (settings: Settings) => number | 'unlimited'
  /** The setting of that limit, for the finding. */
  readonly setting: string
  readonly withinMs: (settings: Settings) => number
  /** How long the first block lasts. */
  readonly blockForMs: (settings: Settings) => number
  readonly action: (settings: Settings) => Exclude<Action, 'freeze' | 'discard'>
  readonly actionSetting: string
  /** Members of limits.exemptGroup are held to it too. */
  readonly heedsNoGroup?: true
  /** What is counted, in the plural: `unknown recipients`. */
  readonly what: string
}

const HOUR_MS = 3_600_000

export const EVIDENCE: Readonly<Record<EvidenceKind, EvidenceRow>> = {
  unknownRecipient: {
    reason: 'unknown-recipients',
    about: 'A client that asks for many recipients that do not exist is guessing addresses; it is blocked.',
    limit: ({ limits }) => limits.unknownRecipients,
    setting: 'limits.unknownRecipients',
    withinMs: () => HOUR_MS,
    blockForMs: ({ limits }) => limits.blockFor,
    action: ({ rules }) => rules.unknownRecipients.action,
    actionSetting: 'rules.unknownRecipients.action',
    what: 'unknown recipients',
  },
  recipientProbe: {
    reason: 'recipient-probes',
    about: 'A client that asks for many recipients and sends them nothing is collecting addresses; it is blocked.',
    limit: ({ limits }) => limits.recipientProbes,
    setting: 'limits.recipientProbes',
    withinMs: () => HOUR_MS,
    blockForMs: ({ limits }) => limits.blockFor,
    action: ({ rules }) => rules.recipientProbes.action,
    actionSetting: 'rules.recipientProbes.action',
    what: 'recipients asked for and sent nothing',
  },
  deniedRelay: {
    reason: 'denied-relays',
    about: 'A client that keeps asking to relay to other domains is looking for an open relay; it is blocked.',
    limit: ({ limits }) => limits.deniedRelays,
    setting: 'limits.deniedRelays',
    withinMs: () => HOUR_MS,
    blockForMs: ({ limits }) => limits.blockFor,
    action: ({ rules }) => rules.deniedRelays.action,
    actionSetting: 'rules.deniedRelays.action',
    what: 'refused attempts to relay',
  },
  failedCommand: {
    reason: 'failed-commands',
    about: 'A client whose commands keep failing, over all its sessions, is no mail server; it is blocked.',
    limit: ({ limits }) => limits.failedCommands,
    setting: 'limits.failedCommands',
    withinMs: () => HOUR_MS,
    blockForMs: ({ limits }) => limits.blockFor,
    action: ({ rules }) => rules.clientFailedCommands.action,
    actionSetting: 'rules.clientFailedCommands.action',
    what: 'failed commands',
  },
  failedLogin: {
    reason: 'failed-logins',
    about: 'A client that tries many names or passwords is guessing them; it is blocked, on every service.',
    limit: ({ limits }) => limits.failedLogins.count,
    setting: 'limits.failedLogins.count',
    withinMs: ({ limits }) => limits.failedLogins.within,
    blockForMs: ({ limits }) => limits.failedLogins.blockFor,
    action: ({ rules }) => rules.failedLogins.action,
    actionSetting: 'rules.failedLogins.action',
    heedsNoGroup: true,
    what: 'different failed logins',
  },
}
