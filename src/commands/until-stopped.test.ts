import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#base/clock.ts'
import { recordTerminal } from './testing.ts'
import { untilStopped } from './until-stopped.ts'

function start(failed: Promise<unknown> = new Promise(() => {})) {
  const stops: string[] = []
  const exits: number[] = []
  let stopped = () => {}
  const stopping = new Promise<void>((resolve) => {
    stopped = resolve
  })
  const clock = new ManualClock()
  const terminal = recordTerminal()
  const server = {
    failed,
    stop: async (why: string) => {
      stops.push(why)
      await stopping
    },
  }
  const code = untilStopped(server, terminal, (exitCode) => void exits.push(exitCode), clock)
  return { code, stops, exits, stopped, clock, terminal }
}

test('a signal stops the server in order, once, however many wrappers pass it on', async () => {
  const { code, stops, exits, stopped, clock } = start()
  process.emit('SIGINT', 'SIGINT')
  clock.advance(300)
  process.emit('SIGINT', 'SIGINT')
  process.emit('SIGTERM', 'SIGTERM')
  stopped()
  assert.equal(await code, 0)
  assert.deepEqual([stops, exits], [['SIGINT'], []])
})

test('who asks again later does not have to wait', async () => {
  const { code, exits, stopped, clock } = start()
  process.emit('SIGTERM', 'SIGTERM')
  clock.advance(1500)
  process.emit('SIGTERM', 'SIGTERM')
  assert.deepEqual(exits, [1])
  stopped()
  await code
})

test('a server that cannot go on is stopped, and says why', async () => {
  const { code, stops, stopped, terminal } = start(Promise.resolve(new Error('the disk is gone')))
  stopped()
  assert.equal(await code, 1)
  assert.deepEqual(stops, ['failed'])
  assert.match(terminal.remarks.join(), /cannot go on: the disk is gone/)
  assert.equal(process.listenerCount('SIGHUP'), 0)
})
