/**
 * The delivery thread: it takes what waits in the queue to where it goes, with its own reader of the store. Everything it needs
 * from the main thread comes as plain data, and everything it has to say goes back so.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '#base/clock.ts'
import { messageOf } from '#base/fault.ts'
import type { DeliveryThreadData, FromDeliveryThread, ToDeliveryThread } from './threads/delivery-messages.ts'
import { openDelivery } from './threads/delivery-parts.ts'

if (parentPort === null) throw new Error('Cannot run delivery-thread.ts by itself: src/server.ts starts it as a worker')
const main = parentPort

function tell(message: FromDeliveryThread): void {
  main.postMessage(message)
}

const parts = await openDelivery(workerData as DeliveryThreadData, tell, systemClock)

main.on('message', (message: ToDeliveryThread) => {
  switch (message.is) {
    case 'policy':
      parts.adopt(message.policy)
      break
    case 'lookAgain':
      parts.lookAgain(message.tryNow)
      break
    case 'ask': {
      const { round, question } = message
      parts.answer(question).then(
        (answer) => tell({ is: 'answer', round, answer }),
        // A question must not end the thread, and with it what is being delivered.
        (error: unknown) => tell({ is: 'unanswered', round, because: messageOf(error) }),
      )
      break
    }
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
