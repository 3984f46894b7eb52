import type { TlsRequirement } from '../contract.ts'

/**
 * Give what TLS is tried, one after the other, until one comes about. Where anything is welcome, what cannot be encrypted goes in the
 * clear (RFC 7435 §3), but never with a password; a policy that is only tested stops nothing (RFC 8461 §5).
 */
export function attemptsOf(requirement: TlsRequirement, mayBeClear: boolean): readonly TlsRequirement[] {
  const { mode, by, names, testing } = requirement
  if (mode !== 'opportunistic' && testing !== true) return [requirement]
  const attempts = [requirement]
  if (mode !== 'opportunistic') attempts.push({ mode: 'opportunistic', by, names })
  if (mayBeClear) attempts.push({ mode: 'none', by, names })
  return attempts
}
