import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNotice } from './notice.ts'

const notice = {
  from: 'postmaster@mail.here.example',
  to: 'anna@here.example',
  subject: 'Sending has been stopped',
  text: 'Dear user,\n\nsomething happened.\n',
  dateMs: Date.UTC(2026, 10, 24, 8, 30),
  messageId: '7K2M9QXA@mail.here.example',
}

function write(more: Partial<typeof notice> = {}): string {
  return Buffer.from(formatNotice({ ...notice, ...more })).toString('utf8')
}

test('a notice is a message that no program answers', () => {
  const lines = write().split('\r\n')
  assert.deepEqual(lines.slice(1, 9), [
    'From: Postern <postmaster@mail.here.example>',
    'To: <anna@here.example>',
    'Subject: Sending has been stopped',
    'Message-ID: <7K2M9QXA@mail.here.example>',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    'Content-Transfer-Encoding: 7bit',
  ])
  assert.match(lines[0] as string, /^Date: Tue, 24 Nov 2026 /)
  assert.equal(lines.slice(9).join('\n'), '\nDear user,\n\nsomething happened.\n')
})

test('a text beyond ASCII comes through whole', () => {
  const text = 'Grüße an «alle» 👋\n'.repeat(20)
  const [head = '', body = ''] = write({ text }).split('\r\n\r\n')
  assert.match(head, /base64/)
  assert.ok(body.split('\r\n').every((line) => line.length <= 76))
  assert.equal(Buffer.from(body, 'base64').toString('utf8'), text.replaceAll('\n', '\r\n'))
})

test('a subject beyond ASCII is in encoded words that a reader can join', () => {
  const subject = 'Zugriff gesperrt für Jürgen Müller-Lüdenscheidt 👋👋👋👋👋👋👋👋👋👋'
  const field = /Subject: ((?:.|\r\n )*)\r\n/.exec(write({ subject }))?.[1] as string
  const words = field.split('\r\n ')
  assert.ok(words.every((word) => word.length <= 75))
  const read = words.map((word) => Buffer.from(word.slice('=?utf-8?B?'.length, -2), 'base64').toString('utf8'))
  assert.equal(read.join(''), subject)
})

test('what a client sent can add no field', () => {
  const text = write({ subject: 'x\r\nBcc: <victim@far.example>', to: 'a@b\r\nX: y' })
  assert.doesNotMatch(text, /^(Bcc|X):/m)
})
