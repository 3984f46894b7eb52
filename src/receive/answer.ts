import { formatReply, isDeferral, isFailure, type ReplyName } from '#smtp/replies.ts'

/** A refusal that stands in the record under its reference. */
export interface Refusal {
  readonly reply: ReplyName
  readonly ref: string
}

/**
 * What a command answers: a reply by its name, a refusal with its reference, lines made for the occasion (which are good news),
 * or nothing more to say.
 */
export type Answer = ReplyName | Refusal | { readonly lines: string } | 'nothing'

/** Give the lines of an answer; undefined when there is nothing to say. */
export function linesOf(answer: Answer): string | undefined {
  if (answer === 'nothing') return undefined
  if (typeof answer === 'string') return formatReply(answer)
  return 'lines' in answer ? answer.lines : formatReply(answer.reply, answer.ref)
}

/** Give the name of the reply that an answer is; undefined for good news made for the occasion. */
export function replyOf(answer: Answer): ReplyName | undefined {
  if (answer === 'nothing') return undefined
  if (typeof answer === 'string') return answer
  return 'reply' in answer ? answer.reply : undefined
}

/** Tell whether an answer says no, for good or for now. */
export function isAgainst(answer: Answer): boolean {
  const reply = replyOf(answer)
  return reply !== undefined && (isFailure(reply) || isDeferral(reply))
}

/** Tell whether a command failed for good. Deferrals do not count: they ask the client to try again. */
export function hasFailed(answer: Answer): boolean {
  const reply = replyOf(answer)
  return reply !== undefined && isFailure(reply)
}
