import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turns, World } from './testing.ts'

test('a message is taken', async () => {
  const world = new World()
  const client = world.connect()
  assert.equal(await client.line(), '220 mail.here.example ESMTP')
  client.send('EHLO client.example\r\n')
  console.log(await client.reply())
  client.send(
    'MAIL FROM:<a@far.example> SIZE=100\r\nRCPT TO:<user1@here.example>\r\nRCPT TO:<x@far.example>\r\nDATA\r\n',
  )
  for (let i = 0; i < 4; i++) console.log(await client.reply())
  client.send('Subject: x\r\n\r\n..hello\r\n.\r\nQUIT\r\n')
  console.log(await client.reply(), await client.reply(), await client.line())
  await turns()
  console.log(world.kept, world.events, world.records)
  assert.equal(client.isClosed, true)
})
