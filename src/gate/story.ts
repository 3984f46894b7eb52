import type { Finding } from './record.ts'
import { STAGES, type Stage } from './subject.ts'

/**
 * The story of one decision: who the client was and what each rule found, in order. `DecisionRecord.story` holds it as JSON;
 * the receiver writes it, `review` reads it.
 */
export interface Story {
  readonly service?: string
  /** The name the client gave in HELO or EHLO. */
  readonly helo?: string
  readonly tls?: boolean
  /** The user (primary address) that had logged in. */
  readonly user?: string
  /** Where the session stood when the decision fell. */
  readonly stage?: Stage
  /** The rule that decided against the client, and what it saw. */
  readonly rule?: string
  readonly because?: string
  readonly sizeBytes?: number
  /** Of a session that went without a message: the commands that came, and those that failed. */
  readonly commands?: number
  readonly failedCommands?: number
  /** The Message-ID field, where the header had one. */
  readonly messageId?: string
  readonly findings: readonly Finding[]
}

/**
 * A finding as the record keeps it: stage, rule, what it saw, setting, what it decided, of whom; empty where there is nothing to
 * say or the rule passed, and cut after the last that says something. Every message has some twenty of them, and with names
 * before each value they would be half of what a small message takes on disk.
 */
type FindingRow = readonly [stage: number, rule: string, saw: string, setting?: string, is?: string, of?: string]

/** Write a story as the JSON that a decision record keeps. */
export function formatStory(story: Story): string {
  return JSON.stringify({ ...story, findings: story.findings.map(rowOf) })
}

function rowOf({ stage, rule, is, saw, setting = '', of = '' }: Finding): FindingRow {
  const number = STAGES.indexOf(stage)
  const decided = is === 'pass' ? '' : is
  if (of !== '') return [number, rule, saw, setting, decided, of]
  if (decided !== '') return [number, rule, saw, setting, decided]
  return setting === '' ? [number, rule, saw] : [number, rule, saw, setting]
}

/** Read a finding back, as it is kept or as earlier versions kept it; undefined for what is none. */
function findingOf(kept: unknown): Finding | undefined {
  if (!Array.isArray(kept)) return isFinding(kept) ? kept : undefined
  const [number, rule, saw, setting, is, of] = kept as unknown[]
  const finding = {
    stage: typeof number === 'number' ? STAGES[number] : undefined,
    rule,
    is: is === undefined || is === '' ? 'pass' : is,
    saw,
    ...(typeof setting === 'string' && setting !== '' ? { setting } : {}),
    ...(typeof of === 'string' && of !== '' ? { of } : {}),
  }
  return isFinding(finding) ? finding : undefined
}

/**
 * Read a story back. Never throws: records of older versions, and damaged ones, give what can still be read, with `findings`
 * empty at worst.
 */
export function parseStory(json: string): Story {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { findings: [] }
  }
  if (!isRecord(value)) return { findings: [] }
  const kept = Array.isArray(value.findings) ? value.findings : []
  const findings = kept.map(findingOf).filter((finding) => finding !== undefined)
  return {
    ...texts(value, ['service', 'helo', 'user', 'rule', 'because', 'messageId']),
    ...(isStage(value.stage) ? { stage: value.stage } : {}),
    ...(typeof value.tls === 'boolean' ? { tls: value.tls } : {}),
    ...numbers(value, ['sizeBytes', 'commands', 'failedCommands']),
    findings,
  }
}

function texts<K extends string>(value: Record<string, unknown>, keys: readonly K[]): { readonly [P in K]?: string } {
  const found: { [P in K]?: string } = {}
  for (const key of keys) {
    const text = value[key]
    if (typeof text === 'string') found[key] = text
  }
  return found
}

function numbers<K extends string>(value: Record<string, unknown>, keys: readonly K[]): { readonly [P in K]?: number } {
  const found: { [P in K]?: number } = {}
  for (const key of keys) {
    const number = value[key]
    if (typeof number === 'number') found[key] = number
  }
  return found
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStage(value: unknown): value is Stage {
  return STAGES.includes(value as Stage)
}

function isFinding(value: unknown): value is Finding {
  return (
    isRecord(value) &&
    isStage(value.stage) &&
    typeof value.rule === 'string' &&
    typeof value.saw === 'string' &&
    ['pass', 'permit', 'refuse', 'defer', 'observe'].includes(value.is as string)
  )
}
