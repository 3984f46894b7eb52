/** The audit: can a stranger relay, and by which way; which rules can never fire; which limits hide others. */
import type { Settings } from '#settings/schema.ts'
import { idleRules } from './audit/idle-rules.ts'
import { type DirectoryView, outwardAddresses } from './audit/outward-addresses.ts'
import { relayWays } from './audit/relay-ways.ts'
import { viewSettings } from './audit/settings-view.ts'
import { shadowedLimits } from './audit/shadowed-limits.ts'

/** What an audit says of settings: the ways by which a stranger could relay, rules that can never fire, limits that hide others. */
export interface AuditFinding {
  /** `open`: a stranger can relay by this way. `dead`: it can never fire. `shadowed`: another limit always comes first. `note`: worth knowing. */
  readonly is: 'open' | 'dead' | 'shadowed' | 'note'
  /** The settings, alias or user that it is about. */
  readonly where: string
  /** What can happen, in a sentence, and how to mend it. */
  readonly says: string
}

/** One question of the live probe, and what the server answered. */
export interface ProbeStep {
  readonly said: string
  readonly answered: string
  readonly relayed: boolean
}

export interface Audit {
  readonly findings: readonly AuditFinding[]
  /** Absent when no probe was asked for. */
  readonly probe?: {
    /** The address that the server saw. */
    readonly from: string
    readonly steps: readonly ProbeStep[]
    /** Why it was not asked over a network; where it was not asked at all there are no steps. */
    readonly notAsked?: string
  }
}

/** What an audit knows beside the settings. */
export interface Audited {
  readonly directory: DirectoryView
  /** What `this-machine` stands for (`addressesOfThisMachine`). */
  readonly machineAddresses: readonly string[]
}

const ORDER: readonly AuditFinding['is'][] = ['open', 'dead', 'shadowed', 'note']

/** Audit settings and the directory they are used with; the worst first. */
export async function auditSettings(settings: Settings, audited: Audited): Promise<readonly AuditFinding[]> {
  const findings = [
    ...findInSettings(settings, audited.machineAddresses),
    ...(await outwardAddresses(audited.directory)),
  ]
  return sorted(findings)
}

/** Audit settings alone: quick, and looks at no directory; the worst first. */
export function findInSettings(settings: Settings, machineAddresses: readonly string[]): readonly AuditFinding[] {
  const view = viewSettings(settings, machineAddresses)
  return sorted([...relayWays(view), ...idleRules(view), ...shadowedLimits(view)])
}

function sorted(findings: readonly AuditFinding[]): readonly AuditFinding[] {
  return findings.toSorted((a, b) => ORDER.indexOf(a.is) - ORDER.indexOf(b.is))
}
