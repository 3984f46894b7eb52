/** What the settings of the way out must be together. */
import { formatDuration } from './kinds.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './schema.ts'

/** Check what no single setting of `delivery` can tell. */
export function* checkDelivery({ delivery }: Settings): Generator<Problem> {
  for (const [index, { via, host, loginBy, credentials }] of delivery.routes.entries()) {
    const path = `delivery.routes[${index}]`
    if (via === 'mx') continue
    if (host === undefined) {
      const says = `${path}.host is not set and ${path}.via is ${via}: name the server, or write via: mx.`
      yield { path: `${path}.host`, also: [`${path}.via`, path], says }
    }
    if (loginBy === 'pop3' && credentials === undefined) {
      const says = `${path}.credentials is not set and ${path}.loginBy is pop3: name what to log in with (postern credentials set NAME), or leave loginBy out.`
      yield { path: `${path}.credentials`, also: [`${path}.loginBy`, path], says }
    }
  }
}

/** Find what is allowed in `queue`, and probably not meant. */
export function* warnQueue({ queue: { warnAfter, bounceAfter } }: Settings): Generator<Problem> {
  if (warnAfter === undefined || warnAfter <= bounceAfter) return
  yield {
    path: 'queue.warnAfter',
    also: ['queue.bounceAfter'],
    says: `queue.warnAfter is ${formatDuration(warnAfter)} and queue.bounceAfter is ${formatDuration(bounceAfter)}: mail has gone back before anybody is told that it is late.`,
  }
}
