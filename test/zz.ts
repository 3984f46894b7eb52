import { startMailSink } from './mail-sink.ts'
import { startDelivering } from './peers/delivery.ts'
import { sampleMessage, submitMail } from './peers/mail.ts'

const sink = await startMailSink()
const server = await startDelivering({
  delivery: { routes: [{ recipient: '*@straight.test', host: '127.0.0.1', port: sink.port }] },
})
await submitMail(server.ports, sampleMessage('x'), ['bob@straight.test'])
await new Promise((r) => setTimeout(r, 4000))
console.log(sink.messages.length, sink.messages[0]?.content.toString().slice(0, 800), sink.messages[0])
console.log(server.output())
console.log(await server.postern(['queue', 'list']))
console.log(await server.postern(['queue', 'list', '--json']))
console.log(await server.postern(['explain', 'bob@straight.test', '--json']))
await server.stop()
await sink.stop()
