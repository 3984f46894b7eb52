import type { Hop, RemoteReply, Stage, Trouble } from '#queue/contract.ts'
import type { Reply } from '#smtp/reply-reader.ts'
import type { Lost } from './wire.ts'

/** Where a try stands: what a trouble is about. */
export interface Place {
  readonly hop: Hop
  readonly stage: Stage
  readonly scope: Trouble['scope']
}

/**
 * Give the trouble that a reply means: 5xx is for good, all else for now (RFC 5321 §4.2.1). `is` decides otherwise where the code says
 * nothing of this message.
 */
export function refusedBy(reply: Reply, command: string, place: Place, is = kindOf(reply)): Trouble {
  const { code, status, text } = reply
  const digit = is === 'failed' ? '5' : '4'
  return {
    is,
    status: status === undefined || status.startsWith('2') ? `${digit}.0.0` : `${digit}${status.slice(1)}`,
    because: `${place.hop.host} answered ${code}${status === undefined ? '' : ` ${status}`} "${text}" to ${command}`,
    stage: place.stage,
    // RFC 5321 §4.2.3: 421 is about the service, whatever it answers.
    scope: code === 421 ? 'server' : place.scope,
    reply,
    hop: place.hop,
  }
}

/** Give the trouble of a connection that is gone. RFC 3463 §3.5: X.4.2 is a bad connection. */
export function lostAt({ lost }: Lost, doing: string, place: Place): Trouble {
  return troubleAt('4.4.2', `${place.hop.host} ${lost} ${doing}`, place)
}

/** Give trouble of our own finding; the class of `status` says whether it is for good. */
export function troubleAt(status: string, because: string, { hop, stage, scope }: Place): Trouble {
  return { is: status.startsWith('5') ? 'failed' : 'deferred', status, because, stage, scope, hop }
}

/** Tell whether a reply says yes. */
export function isPositive(reply: RemoteReply): boolean {
  return reply.code < 300
}

function kindOf({ code }: Reply): 'deferred' | 'failed' {
  return code >= 500 ? 'failed' : 'deferred'
}
