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

/** Write a story as the JSON that a decision record keeps. */
export function formatStory(story: Story): string {
  return JSON.stringify(story)
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
  const findings = Array.isArray(value.findings) ? value.findings.filter(isFinding) : []
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
