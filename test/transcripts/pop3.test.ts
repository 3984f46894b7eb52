/**
 * Plays the dialogues of `pop3/*.txt` against the POP3 server over an in-memory socket.
 *
 *   G: ip 192.0.2.1 · G: limit 2 · G: message "JSON text"   before the connection: the client's address, the failed commands
 *                                                           allowed, a message in the mailbox
 *   G: fact NAME JSON · G: evidence 9   what a reader of facts answers; what was counted of the client before
 *   C: line       the client says a line; lines in a row are one write.   C" "JSON text" says exactly these bytes
 *   S: line       the server's next line; `*` stands for anything
 *   E: name {…}   the next event of this name said (at least) this
 *   Q: {…}        the next sentence handed on is (at least) this
 *   R: {…}        the next record has (at least) this, its story read.   N: records · N: sentences   there is none
 *   A: stop USER  the account of this user was stopped
 *   T: 10m        so much time passes
 *   M: holds 1 2 · M: delete 1 · M: fail remove · M: heal     the mailbox: what it holds, what happens to it behind the session
 *   X: closed · X: open      whether the server has ended the connection
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaults } from '#gate/testing.ts'
import { type Client, createWorld, settle, type World } from '#pop3/testing.ts'
import { parseDuration } from '#settings/kinds.ts'

const DIALOGUES = new URL('pop3/', import.meta.url)

for (const file of readdirSync(DIALOGUES).filter((name) => name.endsWith('.txt'))) {
  const text = readFileSync(new URL(file, DIALOGUES), 'utf8')
  for (const [index, dialogue] of text.split(/^== /m).entries()) {
    if (index === 0) continue
    const title = dialogue.slice(0, dialogue.indexOf('\n'))
    const firstLine = text.slice(0, text.indexOf(`== ${title}`)).split('\n').length
    test(`${file}: ${title}`, { timeout: 10_000 }, () => play(dialogue, `${file}:`, firstLine))
  }
}

async function play(dialogue: string, file: string, firstLine: number): Promise<void> {
  const steps = dialogue
    .split('\n')
    .map((line, offset) => ({ line, at: `${file}${firstLine + offset}` }))
    .slice(1)
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'))
  const { world, ip } = prepare(steps.filter(({ line }) => line.startsWith('G: ')).map(({ line }) => line.slice(3)))
  const client = world.connect({ ip })
  let unsaid = ''
  let eventsSeen = 0
  const seen = { records: 0, sentences: 0 }

  for (const { line, at } of steps) {
    const [kind, rest] = [line.slice(0, 2), line.slice(3)]
    if (kind === 'G:') continue
    if (kind === 'C:') unsaid += `${rest}\r\n`
    else if (kind === 'C"') unsaid += JSON.parse(rest) as string
    else {
      if (unsaid !== '') client.send(unsaid)
      unsaid = ''
      if (kind === 'S:') expectLine(await client.line(), rest, at)
      else if (kind === 'E:') eventsSeen = expectEvent(world, eventsSeen, rest, at)
      else if (kind === 'X:') await expectEnd(client, rest, at)
      else if (kind === 'M:') await useMailbox(world, rest, at)
      else if (kind === 'A:') world.pop3.endSessionsOf(rest.replace('stop ', ''))
      else if (kind === 'Q:') {
        await settle()
        const sentence = world.sentences[seen.sentences++] ?? assert.fail(`${at}: no further sentence`)
        assert.partialDeepStrictEqual(sentence, JSON.parse(rest), at)
      } else if (kind === 'R:') {
        await keepRecords(world)
        const { story, ...record } = world.records[seen.records++] ?? assert.fail(`${at}: no further record`)
        assert.partialDeepStrictEqual({ ...record, story: JSON.parse(story) }, JSON.parse(rest), at)
      } else if (kind === 'N:') {
        await keepRecords(world)
        assert.equal(world[rest as 'records' | 'sentences'].length, 0, at)
      } else if (kind === 'T:') {
        world.clock.advance(parseDuration(rest) ?? assert.fail(at))
        world.pop3.tick()
      } else assert.fail(`${at}: unknown step ${line}`)
    }
  }
  if (unsaid !== '') client.send(unsaid)
  await settle()
  assert.equal(client.unread, '', 'nothing further is said')
  client.destroy()
}

function prepare(given: readonly string[]): { readonly world: World; readonly ip: string } {
  let ip = '127.0.0.1'
  let maxFailedCommands: number | undefined
  const messages: string[] = []
  const facts: Record<string, () => unknown> = {}
  for (const line of given) {
    const [what, ...rest] = line.split(' ')
    const value = rest.join(' ')
    if (what === 'ip') ip = value
    else if (what === 'limit') maxFailedCommands = Number(value)
    else if (what === 'fact') {
      const [name = '', ...json] = rest
      const answer: unknown = JSON.parse(json.join(' '))
      facts[name] = () => answer
    } else if (what === 'evidence') {
      let count = Number(value)
      facts.evidence = () => [{ network: ip, count: ++count, times: 1 }]
    } else if (what === 'message') messages.push(JSON.parse(value) as string)
    else assert.fail(`unknown condition ${line}`)
  }
  const world = createWorld({
    settings: defaults(maxFailedCommands === undefined ? {} : { session: { maxFailedCommands } }),
    facts,
  })
  for (const message of messages) world.mailbox.add(message)
  return { world, ip }
}

function expectLine(line: string, wanted: string, at: string): void {
  const [start = '', ...rest] = wanted.split('*')
  if (rest.length === 0) assert.equal(line, wanted, at)
  else assert.match(line, new RegExp(`^${[start, ...rest].map(RegExp.escape).join('.*')}$`), at)
}

function expectEvent({ told }: World, from: number, wanted: string, at: string): number {
  const [, name = '', json] = /^(\w+) ?(.*)$/.exec(wanted) ?? []
  const index = told.findIndex((event, position) => position >= from && event.name === name)
  const event = told[index] ?? assert.fail(`${at}: no event ${name} among ${told.map((one) => one.name).join(', ')}`)
  if (json) assert.partialDeepStrictEqual(event.said, JSON.parse(json) as object, at)
  return index + 1
}

/** Let the records be gathered and kept. */
async function keepRecords({ clock }: World): Promise<void> {
  await settle()
  clock.advance(1000)
  await settle()
}

async function expectEnd(client: Client, wanted: string, at: string): Promise<void> {
  if (wanted === 'closed') {
    await client.end()
    client.finish()
  }
  await settle()
  if (wanted === 'open') assert.equal(client.ended, false, at)
}

async function useMailbox({ mailbox }: World, step: string, at: string): Promise<void> {
  const [what, ...values] = step.split(' ')
  await settle()
  if (what === 'holds') assert.deepEqual([...mailbox.messages.keys()].map(String), values, at)
  else if (what === 'delete') for (const uid of values) mailbox.messages.delete(Number(uid))
  else if (what === 'fail') for (const one of values) mailbox.failing.add(one as 'list')
  else if (what === 'heal') mailbox.failing.clear()
  else assert.fail(`${at}: unknown step ${step}`)
}
