import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Fault } from '#base/fault.ts'
import { isStoreFull } from '../contract.ts'
import { type Answer, type Batch, CALL_WIDTH } from './wire.ts'
import { WriterClient } from './writer-client.ts'

/** A client, and the other end of its line, which answers only when told. */
function line(): { client: WriterClient; writer: MessagePort; received: () => Batch[] } {
  const { port1, port2 } = new MessageChannel()
  return {
    client: new WriterClient(port2),
    writer: port1,
    received() {
      const batches: Batch[] = []
      for (;;) {
        const next: { message: Batch } | undefined = receiveMessageOnPort(port1)
        if (next === undefined) return batches
        batches.push(next.message)
      }
    },
  }
}

function callsOf(batch: Batch): number {
  return batch.calls.length / CALL_WIDTH
}

describe('WriterClient', () => {
  it('sends what one turn brings as one batch, bytes packed', async () => {
    const { client, writer, received } = line()
    const results = [
      client.send('a', [1], [Buffer.from('one'), Buffer.from('two')]),
      client.send('b', []),
      client.send('c', [], [Buffer.from('three')]),
    ]
    await nextTurn()
    const [batch, ...others] = received()
    assert.equal(others.length, 0)
    assert.deepEqual(batch?.calls, ['a', [1], 0, 6, 'b', [], 6, -1, 'c', [], 6, 5])
    assert.equal(Buffer.from(batch?.bytes ?? []).toString(), 'onetwothree')
    writer.postMessage({ results: [1, 'two', undefined] } satisfies Answer)
    assert.deepEqual(await Promise.all(results), [1, 'two', undefined])
    await client.close()
  })

  it('has two batches under way at most, and gathers the rest into the next', async () => {
    const { client, writer, received } = line()
    const sent: Promise<unknown>[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      sent.push(client.send('a', [turn]))
      await nextTurn()
    }
    assert.deepEqual(received().map(callsOf), [1, 1])
    writer.postMessage({ results: [0] } satisfies Answer)
    assert.equal(await sent[0], 0)
    assert.deepEqual(received().map(callsOf), [4])
    writer.postMessage({ results: [1] } satisfies Answer)
    writer.postMessage({ results: [2, 3, 4, 5] } satisfies Answer)
    assert.deepEqual(await Promise.all(sent), [0, 1, 2, 3, 4, 5])
    await client.close()
  })

  it('rejects the calls that failed, each with its own kind of error', async () => {
    const { client, writer } = line()
    const outcomes = Promise.allSettled(['full', 'fault', 'bug', 'fine'].map((name) => client.send(name, [])))
    await nextTurn()
    const failure = { message: 'no', temporary: false, cause: 'why' }
    writer.postMessage({
      results: [undefined, undefined, undefined, 'result'],
      failures: new Map([
        [0, { ...failure, is: 'full' }],
        [1, { ...failure, is: 'fault' }],
        [2, { ...failure, is: 'bug' }],
      ]),
    } satisfies Answer)
    const [full, fault, bug, fine] = (await outcomes).map((one) =>
      one.status === 'fulfilled' ? one.value : one.reason,
    )
    assert.ok(isStoreFull(full) && full.temporary)
    assert.ok(fault instanceof Fault && !fault.temporary && !isStoreFull(fault))
    assert.ok(bug instanceof Error && !(bug instanceof Fault))
    assert.equal(fine, 'result')
    await client.close()
  })

  it('refuses calls when too many wait, and takes them again later', async () => {
    const { client, writer, received } = line()
    const sent = [client.send('a', [])]
    await nextTurn()
    sent.push(client.send('a', []))
    await nextTurn()
    const waiting = Array.from({ length: 20_000 }, () => client.send('a', []))
    await assert.rejects(client.send('a', []), (error) => error instanceof Fault && error.temporary)
    received()
    for (const count of [1, 1, 20_000]) writer.postMessage({ results: Array(count).fill(0) } satisfies Answer)
    await Promise.all([...sent, ...waiting])
    const later = client.send('a', [])
    await nextTurn()
    writer.postMessage({ results: [7] } satisfies Answer)
    assert.equal(await later, 7)
    await client.close()
  })

  it('rejects everything when the line is lost', async () => {
    const { client, writer } = line()
    const sent = Promise.allSettled([client.send('a', []), nextTurn().then(() => client.send('b', []))])
    await nextTurn()
    writer.close()
    for (const outcome of await sent) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof Fault && outcome.reason.temporary)
    }
    await assert.rejects(client.send('c', []), Fault)
    await client.close()
  })
})
