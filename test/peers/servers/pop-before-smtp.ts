/** A relay that takes mail from an address only for a while after a POP3 login from there: rare, so here is one of the test's own. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type MailSink, startMailSink } from '../../mail-sink.ts'

export interface PopBeforeSmtp extends AsyncDisposable {
  readonly smtp: MailSink
  readonly popPort: number
  /** The lines that POP3 clients said, passwords hidden. */
  readonly popLines: readonly string[]
  /** Forget who has logged in, and hang up on who is there. */
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
        const isRight = user === login.user && argument === login.password
        if (verb === 'PASS' && isRight) known.add(socket.remoteAddress ?? '')
        const answers: Readonly<Record<string, string>> = {
          CAPA: '+OK\r\nUSER\r\n.',
          USER: '+OK',
          PASS: isRight ? '+OK' : '-ERR Wrong',
          STAT: '+OK 0 0',
          QUIT: '+OK',
        }
        socket.write(`${answers[verb] ?? '-ERR Unknown'}\r\n`)
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
    forget() {
      known.clear()
      smtp.hangUp()
    },
    async [Symbol.asyncDispose]() {
      pop.close()
      await smtp.stop()
    },
  }
}
