/**
 * Plays the dialogues of `smtp/*.txt` against the SMTP server over an in-memory socket.
 *
 *   G: service submissions · G: ip 127.0.0.1 · G: set session.maxRecipients 2 · G: trusted   before the connection: the listener, the
 *                     client's address, a setting, "the client is in the relay group"
 *   G: fact NAME JSON · G: evidence KIND 9   what a reader of facts answers; what was counted of the client before
 *   G: hello · G: mail · G: rcpt   the greeting is heard and EHLO said; MAIL too; RCPT too, and these replies are not shown
 *   C: line           the client says a line; lines in a row are one write.   C" "JSON text" says exactly these octets
 *   S: line           the server's next line; `*` stands for anything.   Both: `{x*600}` stands for 600 times x
 *   E: name {…}       the next event of this name said (at least) this.   N: name   there is no event of this name
 *   K: {…}            the next message kept has (at least) this.   N: kept · N: records   no message, no record was kept
 *   R: {…}            the next record has (at least) this, its story read; records that count repeats come again
 *   Q: {…}            the next sentence handed on is (at least) this.   N: sentences   none was
 *   A: stop USER      the account of this user was stopped
 *   T: 10m            so much time passes
 *   L: tls            the client begins TLS
 *   F:                the client ends its side
 *   X: closed · X: open     whether the server has ended the connection
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { type Client, turns, World } from '#receive/testing.ts'
import { parseDuration } from '#settings/kinds.ts'

const DIALOGUES = new URL('smtp/', import.meta.url)

for (const file of readdirSync(DIALOGUES).filter((name) => name.endsWith('.txt'))) {
  const text = readFileSync(new URL(file, DIALOGUES), 'utf8')
  let firstLine = 1
  for (const [index, dialogue] of text.split(/^== /m).entries()) {
    const line = firstLine
    firstLine += dialogue.split('\n').length - 1
    if (index === 0) continue
    const title = dialogue.slice(0, dialogue.indexOf('\n'))
    test(`${file}: ${title}`, { timeout: 20_000 }, () => play(dialogue, file, line))
  }
}

async function play(dialogue: string, file: string, firstLine: number): Promise<void> {
  const steps = dialogue
    .split('\n')
    .map((line, offset) => ({ kind: line.slice(0, 2), rest: line.slice(3), at: `${file}:${firstLine + offset}` }))
    .slice(1)
    .filter(({ kind }) => kind.trim() !== '' && !kind.startsWith('#'))
  const { world, client } = await prepare(steps.filter(({ kind }) => kind === 'G:').map(({ rest }) => rest))
  const seen = { events: 0, kept: 0, records: 0, sentences: 0 }
  let unsaid = ''

  for (const { kind, rest, at } of steps) {
    if (kind === 'G:') continue
    if (kind === 'C:') unsaid += `${repeat(rest)}\r\n`
    else if (kind === 'C"') unsaid += repeat(JSON.parse(rest) as string)
    else {
      if (unsaid !== '') client.send(unsaid)
      unsaid = ''
      if (kind === 'S:') expectLine(await client.line(), repeat(rest), at)
      else if (kind === 'T:') await world.pass(parseDuration(rest) ?? assert.fail(at))
      else if (kind === 'L:') await client.startTls()
      else if (kind === 'F:') client.socket.end()
      else {
        await turns()
        if (kind === 'E:') seen.events = expectEvent(world, seen.events, rest, at)
        else if (kind === 'K:') assert.partialDeepStrictEqual(keptBy(world, seen.kept++, at), JSON.parse(rest), at)
        else if (kind === 'R:') {
          await world.pass(1000)
          const { story, ...record } = world.records[seen.records++] ?? assert.fail(`${at}: no further record`)
          assert.partialDeepStrictEqual({ ...record, story: JSON.parse(story) }, JSON.parse(rest), at)
        } else if (kind === 'Q:') {
          const sentence = world.sentences[seen.sentences++] ?? assert.fail(`${at}: no further sentence`)
          assert.partialDeepStrictEqual(sentence, JSON.parse(rest), at)
        } else if (kind === 'A:') world.receiver.endSessionsOf(rest.replace('stop ', ''))
        else if (kind === 'N:') {
          if (rest === 'records') await world.pass(1000)
          const { kept, sentences, records } = world
          const lists: Readonly<Record<string, readonly unknown[]>> = { kept, sentences, records }
          const found = lists[rest] ?? world.events.filter(({ name }) => name === rest)
          assert.equal(found.length, 0, at)
        } else if (kind === 'X:') assert.equal(client.isClosed ? 'closed' : 'open', rest, at)
        else assert.fail(`${at}: unknown step ${kind}`)
      }
    }
  }
  if (unsaid !== '') client.send(unsaid)
  await turns()
  assert.equal(client.received, '', 'nothing further is said')
  assert.equal(world.drafts.size, 0, 'no draft is left behind')
  client.socket.destroy()
}

async function prepare(given: readonly string[]): Promise<{ readonly world: World; readonly client: Client }> {
  const settings: Record<string, Record<string, unknown>> = {}
  const listener: { service?: 'smtp'; implicitTls?: boolean } = {}
  const peer: { ip?: string } = {}
  const openings: string[] = []
  let isTrusted = false
  const evidence = new Map<string, number>()
  const facts: Record<string, () => unknown> = {}
  for (const line of given) {
    const [what, value = '', ...more] = line.split(' ')
    if (what === 'service') {
      listener.service = value as 'smtp'
      listener.implicitTls = value === 'submissions'
    } else if (what === 'ip') peer.ip = value
    else if (what === 'trusted') isTrusted = true
    else if (what === 'evidence') evidence.set(value, Number(more[0]))
    else if (what === 'fact') {
      const answer: unknown = JSON.parse(more.join(' '))
      facts[value] = () => answer
    } else if (what === 'set') set(settings, value.split('.'), JSON.parse(more.join(' ')))
    else if (what === 'hello') openings.push('EHLO client.example')
    else if (what === 'mail') openings.push('MAIL FROM:<a@far.example>')
    else if (what === 'rcpt') openings.push('RCPT TO:<user1@here.example>')
    else assert.fail(`unknown condition ${line}`)
  }
  const world = new World({
    settings,
    facts: {
      relayGroup: () => ({ group: 'local-clients', member: isTrusted }),
      ...facts,
      evidence: countingFrom(evidence),
    },
  })
  const client = world.connect(listener, peer)
  if (listener.implicitTls === true) await client.startTls()
  if (openings.length > 0) await client.reply()
  for (const opening of openings) {
    client.send(`${opening}\r\n`)
    assert.match((await client.reply()) ?? '', /^250/)
  }
  return { world, client }
}

/** Give the reader of evidence against one client, of which so much was counted before; the abandoned count one by one. */
function countingFrom(counts: Map<string, number>): FactReaders<Subject>['evidence'] {
  return ({ ip, abandoned }, kind) => {
    const count = (counts.get(kind) ?? 0) + (abandoned?.length ?? 1)
    counts.set(kind, count)
    return [{ network: ip, count, times: 1 }]
  }
}

function set(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) tree[name] = value
  else {
    tree[name] ??= {}
    set(tree[name] as Record<string, unknown>, rest, value)
  }
}

function repeat(text: string): string {
  return text.replaceAll(/\{(.+?)\*(\d+)\}/gs, (_, piece: string, times: string) => piece.repeat(Number(times)))
}

function expectLine(line: string | undefined, wanted: string, at: string): void {
  const pattern = wanted.split('*').map(RegExp.escape).join('.*')
  assert.match(line ?? '(closed)', new RegExp(`^${pattern}$`), at)
}

function expectEvent({ events }: World, from: number, wanted: string, at: string): number {
  const [, name = '', json] = /^(\w+) ?(.*)$/.exec(wanted) ?? []
  const index = events.findIndex((event, position) => position >= from && event.name === name)
  const event =
    events[index] ?? assert.fail(`${at}: no event ${name} among ${events.map((one) => one.name).join(', ')}`)
  if (json) assert.partialDeepStrictEqual(event.values, JSON.parse(json) as object, at)
  return index + 1
}

function keptBy({ kept }: World, index: number, at: string): object {
  const message = kept[index] ?? assert.fail(`${at}: no message was kept`)
  return { ...message, body: message.body.toString('utf8') }
}
