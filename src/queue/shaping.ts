import { matchesPattern } from '#base/pattern.ts'
import type { RemoteReply } from './contract.ts'
import type { Shape } from './pace.ts'

/** Which answers mean "too fast" or "later", and what follows: all that a rule gives must match. */
export interface ShapingRule extends Shape {
  /** Pattern of server names. */
  readonly host?: string | undefined
  /** `421`, `4xx`. */
  readonly code?: string | undefined
  /** `4.7.28`, `4.7.*`. */
  readonly status?: string | undefined
  /** Pattern of the whole text; letter case does not count. */
  readonly text?: string | undefined
}

/** Find the first rule that a server's answer matches; undefined when none does. Takes a bounded time whatever the answer. */
export function shapeOf(
  reply: RemoteReply,
  host: string | undefined,
  rules: readonly ShapingRule[],
): ShapingRule | undefined {
  // No rule speaks of what was taken.
  if (reply.code < 400) return undefined
  const text = reply.text.toLowerCase()
  const name = host?.toLowerCase().replace(/\.$/, '')
  return rules.find(
    (rule) =>
      (rule.code === undefined || isCode(rule.code, reply.code)) &&
      (rule.status === undefined || (reply.status !== undefined && matchesPattern(rule.status, reply.status))) &&
      (rule.host === undefined || (name !== undefined && matchesPattern(rule.host.toLowerCase(), name))) &&
      (rule.text === undefined || matchesPattern(rule.text.toLowerCase(), text)),
  )
}

/** Tell whether a code is one of those that `4`, `42`, `4xx` or `421` stand for. */
function isCode(pattern: string, code: number): boolean {
  const digits = String(code)
  return [...pattern].every((char, at) => char === 'x' || char === digits[at])
}
