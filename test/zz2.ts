import { startDelivering } from './peers/delivery.ts'
import { sampleMessage, submitMail, takeMail } from './peers/mail.ts'
import { startDovecot } from './peers/servers/dovecot.ts'

await using d = await startDovecot({ users: { 'bob@lmtp.test': 'x' } })
const server = await startDelivering({
  delivery: { routes: [{ recipient: '*@lmtp.test', via: 'lmtp', host: '127.0.0.1', port: d.lmtpPort }] },
})
await submitMail(server.ports, sampleMessage('x'), ['bob@lmtp.test', 'nobody@lmtp.test'])
await new Promise((r) => setTimeout(r, 3000))
console.log(d.mail('bob@lmtp.test').length)
console.log(server.output())
console.log(await server.postern(['queue', 'list']))
console.log(String((await takeMail(server.ports))[0]))
await server.stop()
