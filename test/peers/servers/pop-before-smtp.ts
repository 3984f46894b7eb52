/** A relay that takes mail from an address only for a while after a POP3 login from there: rare, so here is one of the test's own. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type MailSink, startMailSink } from '../../mail-sink.ts'

export interface PopBeforeSmtp extends AsyncDisposable {
  readonly smtp: MailSink
  readonly popPort: number
  /** The lines that POP3 clients said, passwords hidden. */
  readonly popLines: readonly string[]
  /** Forget who has logged in. */
  forget(): void
}

/** Start it: a mail server and a POP3 server with one login. */
export async function startPopBeforeSmtp(login: { user: string; password: string }): Promise<PopBeforeSmtp> {
  const known = new Set<string>()
  const popLines: string[] = []
  const smtp = await startMailSink({
    answer: (stage, _argument, { ip }) =>
      stage === 'MAIL' && !known.has(ip) ? '530 5.7.0 Fetch your mail by POP3 first' : undefined,
  })
  const pop = createServer((socket) => {
    let text = ''
    let user = ''
    socket.on('error', () => {})
    socket.write('+OK Ready\r\n')
    socket.on('data', (chunk) => {
      text += chunk.toString()
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        popLines.push(line.replace(/^PASS .*/, 'PASS (hidden)'))
        const [, verb = '', argument = ''] = /^(\w+) ?(.*)$/.exec(line) ?? []
        if (verb === 'USER') user = argument
        const isLogin = verb === 'PASS'
        const isRight = user === login.user && argument === login.password
        if (isLogin && isRight) known.add(socket.remoteAddress ?? '')
        if (verb === 'CAPA') socket.write('+OK\r\nUSER\r\n.\r\n')
        else socket.write(isLogin && !isRight ? '-ERR Wrong\r\n' : verb === 'STAT' ? '+OK 0 0\r\n' : '+OK\r\n')
        if (verb === 'QUIT') socket.end()
      }
    })
  })
  pop.listen(0, '127.0.0.1')
  await once(pop, 'listening')
  return {
    smtp,
    popPort: (pop.address() as { port: number }).port,
    popLines,
    forget: () => known.clear(),
    async [Symbol.asyncDispose]() {
      pop.close()
      await smtp.stop()
    },
  }
}
