/** A queue for the bench: puts entries into a store as mail does, has them wait, and takes them out as the scheduler does. */
import type { NewMessage, QueueEntry, Store } from '../../src/store/contract.ts'

const BODY_BYTES = 1024
const SENDERS = 500
/** Writes under way at once. */
const OUTSTANDING = 200
const SETTLED_AT_ONCE = 100
const BATCHES_UNDER_WAY = 4

const TRACE = Buffer.from(
  'Received: from client.here.example ([192.0.2.1])\r\n\tby mail.here.example with ESMTPSA id 7K2M9QXA;\r\n\tThu, 1 Jan 2026 00:00:00 +0000\r\n',
)
const ANSWERS = JSON.stringify([
  {
    atMs: 1_767_225_600_000,
    is: 'deferred',
    status: '4.4.1',
    because: 'No server of the domain could be reached: 203.0.113.7 refuses connections',
    stage: 'connect',
  },
])

/** Accept so many messages for recipients elsewhere, one each, spread over the domains without order. */
export async function enqueue(store: Store, messages: number, domains: number): Promise<void> {
  const first = await store.decisions.reserve(messages)
  let next = first
  async function session(): Promise<void> {
    while (next < first + messages) {
      next += 1
      await store.messages.accept(message(next - 1, domains))
    }
  }
  await Promise.all(Array.from({ length: OUTSTANDING }, session))
}

function message(number: number, domains: number): NewMessage {
  const user = `user${number % SENDERS}@here.example`
  const recipient = `r${number}@domain${scattered(number) % domains}.example`
  return {
    sender: user,
    receivedAtMs: 1_767_225_600_000 + number,
    trace: TRACE,
    body: Buffer.alloc(BODY_BYTES, 'a line of text, seventy characters or so, as messages have them here\r\n'),
    mailboxIds: [],
    queue: [{ recipient, user, ip: '192.0.2.1', body: '8BITMIME' }],
    record: {
      id: number,
      atMs: 1_767_225_600_000 + number,
      outcome: 'accepted',
      service: 'submission',
      ip: '192.0.2.1',
      sender: user,
      recipients: [recipient],
      reply: '250 2.0.0 Message accepted [ref 7K2M9QXA]',
      story: '{}',
    },
  }
}

/** Spread numbers that follow each other over all there are. */
export function scattered(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

/** Have all that came after a number wait until `dueOf` says; gives the last number. */
export async function haveWait(store: Store, afterId: number, dueOf: (id: number) => number): Promise<number> {
  let last = afterId
  for (;;) {
    const entries = await store.queue.arrivals(last, 1000)
    const end = entries.at(-1)
    if (end === undefined) return last
    last = end.id
    const settlements = entries.map(({ id }) => {
      const next = { is: 'waiting', dueAtMs: dueOf(id), attempts: 1, warned: false, answers: ANSWERS } as const
      return { id, next }
    })
    await store.queue.settle(settlements, [])
  }
}

/** Wake what is due by then, and deliver it in turn of its domains; gives how many entries it was. */
export async function dequeue(store: Store, nowMs: number): Promise<number> {
  const { queue } = store
  while ((await queue.wake(nowMs, 500)).more);
  let gone = 0
  let batch: QueueEntry[] = []
  const underWay: Promise<unknown>[] = []
  async function settle(): Promise<void> {
    const delivered = batch.map(({ id, decision, recipient }) => {
      const story = '{"tries":2,"is":"delivered","hop":{"host":"mx.far.example","ip":"203.0.113.7","port":25}}'
      const delivery = { decision, atMs: nowMs, recipient, outcome: 'delivered', story } as const
      return { id, next: { is: 'gone' }, delivery } as const
    })
    gone += batch.length
    batch = []
    underWay.push(queue.settle(delivered, []))
    if (underWay.length >= BATCHES_UNDER_WAY) await underWay.shift()
  }
  for (let after = ''; ; ) {
    const domains = await queue.readyDomains(after, 100)
    for (const domain of domains) {
      const turn = { afterOrigin: '', perOrigin: 20, limit: SETTLED_AT_ONCE, skip: new Set<number>() }
      for (const entry of await queue.ready(domain, turn)) batch.push(entry)
      if (batch.length >= SETTLED_AT_ONCE) await settle()
    }
    const last = domains.at(-1)
    if (last === undefined) break
    after = last
  }
  await settle()
  await Promise.all(underWay)
  return gone
}
