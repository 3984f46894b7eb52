/** LIST and RETR of a mailbox of 10,000 messages, with the same client against Dovecot. */
import { PopClient } from '../load/pop-client.ts'
import { dovecotMissing, startDovecot } from '../peers/dovecot.ts'
import { PASSWORD, type PosternPeer, startPosternPeer, USER } from '../peers/postern.ts'
import { smtpSource } from '../peers/postfix.ts'
import type { Bar, Figure, Options, Outcome } from '../scenario.ts'
import { median, spread } from '../statistics.ts'

const DOMAIN = 'example.test'
const SIZE_BYTES = 4096
const AHEAD = 50

const MEASURES = [
  'LIST/s',
  'RETR/s, one after another',
  `RETR/s, ${AHEAD} ahead`,
  'sessions/s (login, LIST, QUIT)',
] as const

/** Run the scenario: the two in turns. */
export async function pop3(options: Options): Promise<Outcome> {
  const count = options.quick ? 500 : 10_000
  const missing = dovecotMissing()
  const postern = await startPosternPeer(DOMAIN)
  const stops: (() => Promise<void>)[] = [postern.stop]
  try {
    await smtpSource({
      port: postern.port,
      messages: count,
      sessions: 20,
      kept: true,
      sizeBytes: SIZE_BYTES,
      recipient: `${USER}@${DOMAIN}`,
    })
    const servers: { readonly name: string; readonly port: number }[] = [{ name: 'Postern', port: postern.popPort }]
    if (missing === undefined) {
      const dovecot = await startDovecot(await copies(postern, count))
      stops.push(dovecot.stop)
      servers.push(dovecot)
    }
    const values = new Map<string, number[]>()
    for (let round = 0; round <= options.repetitions; round++) {
      for (const { name, port } of servers) {
        const measured = await measure(port, count)
        if (round === 0) continue
        for (const [index, what] of MEASURES.entries()) {
          const key = `${name} ${what}`
          values.set(key, [...(values.get(key) ?? []), measured[index] as number])
        }
        options.say(
          `  pop3 ${round}/${options.repetitions}: ${name} ${measured.map((each) => Math.round(each)).join(', ')}`,
        )
      }
    }
    const figures = MEASURES.flatMap((what) =>
      servers.map(({ name }): Figure => {
        const each = values.get(`${name} ${what}`) ?? []
        return { who: name, what, median: median(each), spread: spread(each), values: each }
      }),
    )
    const notes = missing === undefined ? [] : [`Dovecot was not measured: ${missing}`]
    return { scenario: 'pop3', figures, bars: missing === undefined ? barsOf(figures) : [], notes }
  } finally {
    for (const stop of stops) await stop()
  }
}

async function measure(port: number, count: number): Promise<readonly number[]> {
  const client = await PopClient.connect(port)
  await client.login(`${USER}@${DOMAIN}`, PASSWORD)
  const listSeconds = await timed(async () => {
    const lines = await client.list()
    if (lines !== count) throw new Error(`LIST gave ${lines} lines for ${count} messages`)
  })
  const oneByOne = await timed(() => retrieve(client, count, 1))
  const ahead = await timed(() => retrieve(client, count, AHEAD))
  await client.quit()
  const session = await timed(async () => {
    const another = await PopClient.connect(port)
    await another.login(`${USER}@${DOMAIN}`, PASSWORD)
    await another.list()
    await another.quit()
  })
  return [1 / listSeconds, count / oneByOne, count / ahead, 1 / session]
}

async function retrieve(client: PopClient, count: number, ahead: number): Promise<void> {
  const bytes = await client.retrieveAll(count, ahead)
  if (bytes < count * SIZE_BYTES) throw new Error(`RETR of ${count} messages gave ${bytes} bytes`)
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await run()
  return (performance.now() - startedMs) / 1000
}

/** Messages as long as those that Postern holds, so that both send the same bytes. */
async function copies(postern: PosternPeer, count: number): Promise<readonly Uint8Array[]> {
  const client = await PopClient.connect(postern.popPort)
  await client.login(`${USER}@${DOMAIN}`, PASSWORD)
  const { bytes } = await client.stat()
  await client.quit()
  const header = 'From: <sender@far.example>\r\nTo: <user1@example.test>\r\nSubject: bench\r\n\r\n'
  const line = `${'x'.repeat(78)}\r\n`
  const text = header + line.repeat(Math.ceil(bytes / count / line.length))
  const message = Buffer.from(`${text.slice(0, Math.round(bytes / count) - 2)}\r\n`)
  return Array.from({ length: count }, () => message)
}

function barsOf(figures: readonly Figure[]): readonly Bar[] {
  return MEASURES.slice(0, 3).map((what) => {
    const of = (name: string) =>
      figures.find((figure) => figure.who === name && figure.what === what)?.median ?? Number.NaN
    const reached = of('Postern') / of('Dovecot')
    return { what: `pop3, ${what}`, wanted: '>= 1 x Dovecot', reached, met: reached >= 1 }
  })
}
