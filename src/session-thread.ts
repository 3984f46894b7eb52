/**
 * A session thread: it holds SMTP and POP3 connections and judges them, with its own reader of the store. Everything it needs
 * from the main thread comes as plain data, and everything it has to say goes back so.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '#base/clock.ts'
import type { FromSessionThread, SessionThreadData, ToSessionThread } from './threads/messages.ts'
import { openSession } from './threads/session-parts.ts'

if (parentPort === null) throw new Error('Cannot run session-thread.ts by itself: src/server.ts starts it as a worker')
const main = parentPort

function tell(message: FromSessionThread): void {
  main.postMessage(message)
}

const parts = await openSession(workerData as SessionThreadData, tell, systemClock)

main.on('message', (message: ToSessionThread) => {
  switch (message.is) {
    case 'policy':
      parts.adopt(message.policy)
      break
    case 'bind':
      void parts.bind(message.bindings).then((failures) => tell({ is: 'bound', round: message.round, failures }))
      break
    case 'popLogin':
      parts.popLogins.note(message.ip, message.atMs, message.user)
      break
    case 'act':
      parts.act(message.act)
      tell({ is: 'acted', round: message.round })
      break
    case 'linesTaken':
      parts.linesTaken()
      break
    case 'stop':
      void parts.stop().then(() => {
        tell({ is: 'stopped' })
        main.close()
      })
      break
  }
})
tell({ is: 'ready' })
