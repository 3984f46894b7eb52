/** The classic ways to make a careless server relay, as lines of SMTP. */

/** One transaction: a sender, where there is one, and a recipient that a server must not take from a stranger. */
export interface Attempt {
  /** The MAIL line; absent: RCPT comes without it. */
  readonly from?: string
  /** The RCPT line. */
  readonly to: string
  /** The recipient, where its domain is ours: taking it may mean to keep it. */
  readonly looksLocal?: string
}

/** RFC 2606 §2: no mail can ever be delivered there. */
const FAR = 'relay-probe.invalid'
const USER = 'postern-probe'

/** List the attempts. `hostname` is the server's own name, `localDomain` a domain it keeps mail for. */
export function* relayAttempts({
  hostname,
  localDomain,
}: {
  readonly hostname: string
  readonly localDomain: string
}): Generator<Attempt> {
  const far = `${USER}@${FAR}`
  const nobody = 'MAIL FROM:<>'

  // Who claims to send it must make no difference.
  for (const sender of [
    '',
    `${USER}@sender.invalid`,
    far,
    `postmaster@${localDomain}`,
    `${USER}@${hostname}`,
    `${USER}@[127.0.0.1]`,
    `${USER}@localhost`,
  ]) {
    yield { from: `MAIL FROM:<${sender}>`, to: `RCPT TO:<${far}>` }
  }

  // The same address in other clothes.
  for (const line of [
    `rcpt to:<${far.toUpperCase()}>`,
    `RCPT TO:<${far}.>`,
    `RCPT TO:${far}`,
    `RCPT TO: <${far}>`,
    `RCPT TO:<<${far}>>`,
    `RCPT TO:<"${USER}"@${FAR}>`,
    `RCPT TO:<${USER}@[203.0.113.254]>`,
    `RCPT TO:<${USER}@203.0.113.254>`,
    // Ours in front, ours behind, a host in ours: none of them is ours.
    `RCPT TO:<${USER}@${localDomain}.${FAR}>`,
    `RCPT TO:<${USER}@${FAR}.${localDomain}>`,
    `RCPT TO:<${USER}@${FAR}@${FAR}>`,
  ]) {
    yield { from: nobody, to: line }
  }
  yield { from: `mAiL fRoM:<>`, to: `rCpT tO:<${far}>` }
  yield { to: `RCPT TO:<${far}>` }

  // RFC 5321 §3.6.1 and appendix C: a source route is ignored, and what stands behind it is in another domain.
  yield { from: nobody, to: `RCPT TO:<@${localDomain}:${far}>` }
  yield { from: nobody, to: `RCPT TO:<@${localDomain},@${FAR}:${far}>` }

  // Routes inside the local part, which some servers once followed (RFC 5321 appendix F.2).
  for (const local of [`${USER}%${FAR}`, `"${far}"`, `"${USER}%${FAR}"`, `${FAR}!${USER}`]) {
    const address = `${local}@${localDomain}`
    yield { from: nobody, to: `RCPT TO:<${address}>`, looksLocal: address }
  }
  yield { from: nobody, to: `RCPT TO:<${far}@${localDomain}>`, looksLocal: `${far}@${localDomain}` }
  yield { from: nobody, to: `RCPT TO:<${USER}%${FAR}>`, looksLocal: `${USER}%${FAR}` }
  yield { from: nobody, to: `RCPT TO:<${FAR}!${USER}>`, looksLocal: `${FAR}!${USER}` }
  yield { from: nobody, to: `RCPT TO:<${FAR}!${USER}@[127.0.0.1]>` }
}

/** Where documentation's addresses live, which the Internet does not route (RFC 5737, RFC 3849), and RFC 2544's for benchmarks. */
const NOBODYS = ['198.51.100.', '203.0.113.', '192.0.2.', '198.18.0.', '2001:db8::'] as const

/**
 * Choose the address that a probe says it comes from: one that is nobody's, and in none of the groups that give a right. Undefined
 * when every such address is in one: then the whole world is.
 */
export function probeAddress(isTrusted: (ip: string) => boolean): string | undefined {
  for (const host of ['254', '77', '1']) {
    const found = NOBODYS.map((network) => network + host).find((ip) => !isTrusted(ip))
    if (found !== undefined) return found
  }
  return undefined
}
