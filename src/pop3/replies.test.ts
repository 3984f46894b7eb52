import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatChallenge, formatReply, REPLIES, type ReplyName, replyRow } from './replies.ts'

test('every reply is one printable line of at most 512 octets (RFC 1939 §3)', () => {
  for (const name of Object.keys(REPLIES) as ReplyName[]) {
    assert.match(formatReply(name, 'ABCD1234'), /^(\+OK|-ERR) [\x20-\x7e]{1,500}\r\n$/, name)
  }
})

test('a reference stands at the end', () => {
  assert.equal(formatReply('tryLater', 'ABCD1234'), '-ERR [SYS/TEMP] Not now, try again later [ref ABCD1234]\r\n')
})

test('only errors count towards the limit', () => {
  for (const name of Object.keys(REPLIES) as ReplyName[]) {
    const row = replyRow(name)
    assert.ok(!(row.ok && row.counts === true), name)
  }
})

test('an empty challenge keeps its space (RFC 5034 §4)', () => {
  assert.equal(formatChallenge(Buffer.alloc(0)), '+ \r\n')
})
