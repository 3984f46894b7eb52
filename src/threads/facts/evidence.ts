import { clientNetworks } from '#base/client-networks.ts'
import { EVIDENCE, type EvidenceKind } from '#gate/evidence.ts'
import type { FactReaders, Tally } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { type Awaitable, DAY_MS, HOUR_MS, type Question } from '#ledger/contract.ts'
import type { FactSources } from '../facts.ts'
import { tallies } from './client-counts.ts'
import { ACCOUNT, EVIDENCE_COUNTER, TRUST } from './counters.ts'
import { type GroupFacts, isTrusted } from './groups.ts'
import { when } from './when.ts'

/** Recipients of one transaction that count at most: more would only make one step of the ledger long. */
const MOST_PROBES = 1000

const NOTHING: readonly Tally[] = []

/**
 * Create the reader that counts evidence. It gives the count of each network of the client, this evidence included. A user that
 * logged in answers for it with the account and not with the address, which may be a whole office's; then nothing is given.
 */
export function createEvidence(
  { settings, ledger }: FactSources,
  groups: GroupFacts,
): FactReaders<Subject>['evidence'] {
  function bounce(user: string, recipient: string): Awaitable<readonly Tally[]> {
    const question: Question = { of: ACCOUNT.bounces, by: user, withinMs: DAY_MS, add: 1, distinct: recipient }
    return when(ledger.ask([question]), () => NOTHING)
  }

  return (subject, kind) => {
    const { ip, user } = subject
    if (user !== undefined && kind !== 'failedLogin') {
      return kind === 'unknownRecipient' ? bounce(user, recipientOf(subject)) : NOTHING
    }
    const networks = clientNetworks(ip)
    const withinMs = EVIDENCE[kind].withinMs(settings())
    const questions = countedTexts(subject, kind).flatMap((text) =>
      networks.map(
        ({ network }): Question => ({
          of: EVIDENCE_COUNTER[kind],
          by: network,
          withinMs,
          add: 1,
          ...(text === undefined ? {} : { distinct: text }),
        }),
      ),
    )
    if (questions.length === 0) return NOTHING
    const sign = isTrusted(groups, { ip }) ? signOf(subject, kind) : undefined
    return when(ledger.ask(sign === undefined ? questions : [sign, ...questions]), (counts) =>
      // The last answers are those of the last text.
      tallies(ip, counts.slice(-networks.length)),
    )
  }
}

/** Give what makes this evidence another than the last: it counts once for each. Undefined: it counts every time. */
function countedTexts(subject: Subject, kind: EvidenceKind): readonly (string | undefined)[] {
  switch (kind) {
    case 'unknownRecipient':
    case 'deniedRelay':
      return [recipientOf(subject)]
    case 'recipientProbe':
      return (subject.abandoned ?? []).slice(0, MOST_PROBES).map((recipient) => recipient.toLowerCase())
    case 'failedLogin':
      return [subject.deniedLogin?.guess]
    case 'failedCommand':
      return [undefined]
  }
}

function recipientOf({ recipient = '' }: Subject): string {
  return recipient.toLowerCase()
}

/** Give what is counted of a trusted address beside the evidence: a sign that it hides strangers (`trustSigns`). */
function signOf(subject: Subject, kind: EvidenceKind): Question | undefined {
  const sign = { by: subject.ip, withinMs: HOUR_MS, add: 1 }
  if (kind === 'unknownRecipient') return { ...sign, of: TRUST.unknownRecipients, distinct: recipientOf(subject) }
  const name = subject.deniedLogin?.name.toLowerCase()
  if (kind === 'failedLogin' && name !== undefined) return { ...sign, of: TRUST.failedLoginNames, distinct: name }
  return undefined
}
