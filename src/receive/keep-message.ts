import type { Finding } from '#gate/record.ts'
import { formatStory } from '#gate/story.ts'
import { formatReceived } from '#message/received.ts'
import { formatKept } from '#smtp/replies.ts'
import { type Answer, hasFailed } from './answer.ts'
import { arrivalsToReport, reportArrivals } from './arrival-reports.ts'
import { consult, type Desk, storyOf } from './consult.ts'
import { discardMessage } from './discard-message.ts'
import { returnPaths } from './forwarding.ts'
import type { Intake } from './intake.ts'
import { placesOf } from './places.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'

const UTF8 = new TextEncoder()

/**
 * Answer a message that has come whole (RFC 5321 §4.1.1.4): refuse it, or keep it and take over the responsibility. "Kept" is said
 * only once it is on disk with everything that belongs to it. The transaction is over in either case.
 */
export async function keepMessage(session: Session, tx: Transaction, intake: Intake, desk: Desk): Promise<Answer> {
  try {
    const answer = intake.answer ?? (await judgeAndKeep(session, tx, intake, desk))
    // Who sends something that is refused for good has asked for its recipients in vain, and may have meant to.
    tx.isSpared = !hasFailed(answer)
    return answer
  } finally {
    session.transaction = undefined
  }
}

async function judgeAndKeep(session: Session, tx: Transaction, intake: Intake, desk: Desk): Promise<Answer> {
  const { clock, events, messages } = desk
  const { sizeBytes } = intake
  const { messageId, received: hops, tlsOptional } = intake.header
  const subject = { ...session.subject(), messageBytes: sizeBytes, hops }
  const { refusal, findings, discard } = await consult('message', subject, session, desk)
  if (refusal !== undefined) return refusal
  if (discard !== undefined) return discardMessage(session, tx, intake, discard, findings, desk)
  const hidesIp = await mayHideAddress(session, desk)
  const returnPathOf = await returnPaths(tx, desk, clock.nowMs())
  const arrivals = arrivalsToReport(tx.recipients)
  const head = arrivals.size === 0 ? undefined : intake.head()
  const body = await intake.finish()
  if (body === undefined) return intake.answer ?? 'fault'

  const { id, ref } = session.named ?? desk.nextReference()
  const { ip, service, tls, helo = '', user, userId } = session
  const { sender, recipients } = tx
  const atMs = clock.nowMs()
  const addresses = recipients.map(({ address }) => address)
  const { mailboxes, queue } = placesOf(tx, user, ip, returnPathOf, tlsOptional)
  const reply = formatKept(ref)
  const trace = formatReceived({
    helo,
    ip: hidesIp ? undefined : ip,
    hostname: desk.hostname(),
    ref,
    extended: session.extended,
    tls,
    authenticated: user !== undefined,
    smtputf8: tx.parameters.smtputf8 === true,
    atMs,
    ...(addresses.length === 1 ? { recipient: addresses[0] as string } : {}),
  })
  const story = {
    ...storyOf(session),
    sizeBytes,
    findings: [...session.findings(), ...findings] as readonly Finding[],
    ...(messageId === undefined ? {} : { messageId }),
  }
  try {
    await messages.accept({
      sender,
      receivedAtMs: atMs,
      trace: UTF8.encode(trace),
      body,
      mailboxIds: [...mailboxes.keys()],
      queue,
      ...(userId === undefined || tx.newRecipients.size === 0
        ? {}
        : { contacts: { userId, recipients: [...tx.newRecipients] } }),
      record: {
        id,
        atMs,
        outcome: 'accepted',
        service,
        ip,
        sender,
        recipients: addresses,
        reply,
        story: formatStory(story),
      },
    })
  } catch (error) {
    intake.fail(error)
    return intake.answer ?? 'fault'
  }
  intake.handOver()
  session.messages += 1
  session.named = undefined

  events.messageReceived({
    service,
    ip,
    ref,
    sender,
    recipients: addresses,
    sizeBytes,
    helo,
    tls,
    ...(user === undefined ? {} : { user }),
    ...(messageId === undefined ? {} : { messageId }),
  })
  for (const recipient of mailboxes.values()) events.messageDelivered({ ref, recipient })
  for (const { recipient } of queue) events.messageQueued({ ref, recipient })
  if (head !== undefined) await reportArrivals(tx, arrivals, { ref, atMs, trace, head }, desk)
  return { lines: reply }
}

/** `relay.hideClientAddress`: the address of a client in the relay group is the owner's own network, and nobody's business. */
async function mayHideAddress(session: Session, desk: Desk): Promise<boolean> {
  const { relay } = desk.settings()
  if (!relay.hideClientAddress || relay.mode === 'open') return false
  return (await desk.facts.relayGroup(session.subject())).member
}
