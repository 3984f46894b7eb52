/** The live probe of an audit: inside the process, quick enough for every start; or over a network, as a real stranger comes. */
import type { Duplex } from 'node:stream'
import type { Audit } from './audit.ts'
import { openNamespace } from './namespace.ts'
import { type ProbeOptions, probe } from './probe.ts'
import { probeAddress } from './probe-attempts.ts'

export type ProbeResult = NonNullable<Audit['probe']>

export interface LiveProbeOptions extends Omit<ProbeOptions, 'from'> {
  /** Is the address in any group that gives a right: relay, trust, exempt, a service's own? */
  readonly isTrusted: (ip: string) => boolean
}

/** Probe by sessions that `connectFrom` opens in this process, as if they came from an address that nobody trusts. Never throws. */
export async function probeInProcess(
  connectFrom: (ip: string) => Promise<Duplex>,
  { isTrusted, ...options }: LiveProbeOptions,
): Promise<ProbeResult> {
  const from = probeAddress(isTrusted)
  if (from === undefined) return notAsked('every address set aside for documentation is trusted')
  return { from, steps: await probe(() => connectFrom(from), { ...options, from }) }
}

/**
 * Probe over a network that is made for it and taken away again, at a place where the server listens (`*` for all addresses).
 * Where it cannot be made the answer says why. Never throws.
 */
export async function probeOverNetwork(
  listener: { readonly host: string; readonly port: number },
  { isTrusted, ...options }: LiveProbeOptions,
): Promise<ProbeResult> {
  const place = await openNamespace(isTrusted)
  if (place.is === 'unavailable') return notAsked(place.why)
  const { from } = place
  try {
    return { from, steps: await probe(() => place.connect(listener.host, listener.port), { ...options, from }) }
  } finally {
    await place.close()
  }
}

function notAsked(why: string): ProbeResult {
  return { from: '', steps: [], notAsked: why }
}
