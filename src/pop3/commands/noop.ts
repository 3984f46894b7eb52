import type { Reply } from '../replies.ts'

/** Do nothing (RFC 1939 §5); the session's time begins anew. */
export function noop(): Reply {
  return 'ok'
}
