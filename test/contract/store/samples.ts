import type { BodyDraft, DecisionRecord, NewMessage, Store } from '#store/contract.ts'

/** Make users with empty mailboxes; gives the mailboxes' numbers. */
export async function makeMailboxes(store: Store, count: number, domain = 'example.test'): Promise<readonly number[]> {
  if ((await store.directory.domain(domain)) === undefined) await store.directory.addDomain({ name: domain })
  const users = Array.from({ length: count }, (_, at) => ({
    address: `user${at + 1}@${domain}`,
    name: '',
    disabled: false,
    localDomainsOnly: false,
    addresses: [],
  }))
  await store.directory.addUsers(users)
  const mailboxes: number[] = []
  for (const { address } of users) {
    const owner = await store.directory.owner(address)
    if (owner?.is !== 'user') throw new Error(`${address} was not made`)
    mailboxes.push(owner.user.mailboxId)
  }
  return mailboxes
}

export const TRACE =
  'Received: from a.example by mail.example.test with ESMTP id 7K2M9QXA; Thu, 1 Jan 2026 00:00:00 +0000\r\n'

let lastRecord = 0

export function sampleRecord(change: Partial<DecisionRecord> = {}): DecisionRecord {
  lastRecord += 1
  return {
    id: lastRecord,
    atMs: 1_767_225_600_000 + lastRecord,
    outcome: 'accepted',
    service: 'smtp',
    ip: '192.0.2.1',
    sender: 'sender@far.example',
    recipients: ['user1@example.test'],
    reply: '250 2.0.0 Message accepted [ref 7K2M9QXA]',
    story: '{"findings":[]}',
    ...change,
  }
}

export function sampleMessage(
  mailboxIds: readonly number[],
  body: string | Uint8Array | BodyDraft = 'Subject: hello\r\n\r\nhello\r\n',
  change: Partial<NewMessage> = {},
): NewMessage {
  return {
    sender: 'sender@far.example',
    receivedAtMs: 1_767_225_600_000,
    trace: Buffer.from(TRACE),
    body: typeof body === 'string' ? Buffer.from(body) : body,
    mailboxIds,
    queue: [],
    record: sampleRecord(),
    ...change,
  }
}

/** Read a whole message from a mailbox; undefined when it is not there. */
export async function readWhole(store: Store, mailboxId: number, uid: number): Promise<Buffer | undefined> {
  const pieces = await store.mailboxes.read(mailboxId, uid)
  if (pieces === undefined) return undefined
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts)
}

/** What `readWhole` must give for a message. */
export function asRead(body: string | Uint8Array, sender = 'sender@far.example'): Buffer {
  return Buffer.concat([Buffer.from(`Return-Path: <${sender}>\r\n${TRACE}`), Buffer.from(body)])
}

/** Bytes that differ from place to place, so that a piece lost, doubled or swapped shows. */
export function sampleBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed >>> 0 || 1
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
