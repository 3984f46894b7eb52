import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { type DeliveryReport, formatReport, type ReportLanguage } from './report.ts'
import { isSevenBit } from './report-original.ts'
import type { ReportKind } from './report-words/words.ts'

const BASE: DeliveryReport = {
  kind: 'failed',
  language: 'en',
  hostname: 'mail.here.example',
  ref: '7K3M9Q2A',
  sender: 'ann@here.example',
  arrivalMs: Date.UTC(2026, 10, 24, 8, 30),
  recipients: [
    {
      recipient: 'bob@far.example',
      status: '5.1.1',
      because: 'mx.far.example refused the recipient',
      reply: { code: 550, status: '5.1.1', text: 'No such user here' },
      remoteHost: 'mx.far.example',
      lastAttemptMs: Date.UTC(2026, 10, 24, 8, 31),
    },
  ],
  original: { content: Buffer.from('Subject: hi\r\nMessage-ID: <a@b.example>\r\n\r\nHello\r\n'), isWhole: true },
  dateMs: Date.UTC(2026, 10, 24, 8, 32),
  messageId: 'R0000001@mail.here.example',
}

/** Take a report apart as strictly as the RFCs write it: headers unfolded, parts with their decoded content. */
function read(report: Uint8Array) {
  const text = Buffer.from(report).toString('latin1')
  for (const line of text.split('\r\n')) {
    assert.ok(line.length <= 998, `a line of ${line.length} octets`)
    assert.doesNotMatch(line, /[\r\n\0]/)
  }
  const [header, body] = halves(text)
  const boundary = /boundary="([^"]+)"/.exec(header.get('content-type') ?? '')?.[1] ?? 'none'
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`)
  assert.equal(pieces.shift(), '')
  assert.equal(pieces.pop(), '--\r\n')
  const parts = pieces.map((piece) => {
    assert.ok(piece.startsWith('\r\n'))
    const [fields, content] = halves(piece.slice(2))
    const encoding = fields.get('content-transfer-encoding')
    // RFC 2045 §2.7 allows controls in 7bit, and a header that is given back may hold some.
    if (encoding === '7bit') assert.ok(isSevenBit(Buffer.from(content, 'latin1')))
    if (encoding === 'quoted-printable') assert.match(content, /^[\t\r\n -~]*$/)
    const decoded = encoding === 'quoted-printable' ? unquote(content) : content
    return { type: fields.get('content-type') ?? '', encoding, text: Buffer.from(decoded, 'latin1').toString('utf8') }
  })
  return { header, parts }
}

function halves(text: string): readonly [ReadonlyMap<string, string>, string] {
  const end = text.indexOf('\r\n\r\n')
  const fields = new Map<string, string>()
  for (const line of text
    .slice(0, end)
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n')) {
    const [, name = '', value = ''] = /^([!-9;-~]+): ?(.*)$/s.exec(line) ?? assert.fail(`no field: ${line}`)
    assert.ok(!fields.has(name.toLowerCase()), `${name} stands twice`)
    fields.set(name.toLowerCase(), value)
  }
  return [fields, text.slice(end + 4)]
}

function unquote(text: string): string {
  for (const line of text.split('\r\n')) assert.ok(line.length <= 76 && !/[ \t]$/.test(line), line)
  return text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

test('a report, whole', () => {
  assert.equal(
    formatReport(BASE).toString(),
    `Date: Tue, 24 Nov 2026 08:32:00 +0000
From: Mail delivery <postmaster@mail.here.example>
To: <ann@here.example>
Subject: Your message could not be delivered
Message-ID: <R0000001@mail.here.example>
In-Reply-To: <a@b.example>
References: <a@b.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Language: en
Content-Type: multipart/report; report-type=delivery-status;
	boundary="=_R0000001mailhereexample_0"

--=_R0000001mailhereexample_0
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: 7bit

Your message of 2026-11-24 08:30 UTC could not be delivered to:

    bob@far.example

The address does not exist.
Please check its spelling. If it is right, ask the recipient for the
current address.

Technical details
-----------------

Reference: 7K3M9Q2A

<bob@far.example>
mx.far.example refused the recipient
the server mx.far.example answered:
> 550 5.1.1 No such user here

--=_R0000001mailhereexample_0
Content-Type: message/delivery-status
Content-Transfer-Encoding: 7bit

Reporting-MTA: dns; mail.here.example
Arrival-Date: Tue, 24 Nov 2026 08:30:00 +0000

Final-Recipient: rfc822; bob@far.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.far.example
Diagnostic-Code: smtp; 550 5.1.1 No such user here
Last-Attempt-Date: Tue, 24 Nov 2026 08:31:00 +0000
Final-Log-ID: 7K3M9Q2A

--=_R0000001mailhereexample_0
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 7bit

Subject: hi
Message-ID: <a@b.example>

--=_R0000001mailhereexample_0--
`.replaceAll('\n', '\r\n'),
  )
})

test('each language says it first, and English beside it', () => {
  const cases: readonly (readonly [ReportLanguage, ReportKind, string, string, string])[] = [
    [
      'de',
      'failed',
      'Ihre Nachricht konnte nicht zugestellt werden',
      '4.2.2',
      `Ihre Nachricht vom 2026-11-24 08:30 UTC konnte nicht zugestellt werden
an:

    bob@far.example

Das Postfach des Empfängers ist voll.
Bitte sagen Sie es dem Empfänger auf anderem Weg, oder senden Sie die
Nachricht in einigen Tagen noch einmal.

Auf Englisch (In English)
-------------------------

Your message of 2026-11-24 08:30 UTC could not be delivered to:

    bob@far.example

The recipient's mailbox is full.
Please tell the recipient in another way, or send the message again in a
few days.

Technische Einzelheiten
-----------------------

Kennung: 7K3M9Q2A

<bob@far.example>
mx.far.example refused the recipient
der Server mx.far.example hat geantwortet:
> 550 5.1.1 No such user here
`,
    ],
    [
      'fr',
      'delayed',
      "Votre message n'a pas encore été remis",
      '4.4.1',
      `Votre message du 2026-11-24 08:30 UTC n'a pas encore été remis à :

    bob@far.example

Le serveur de messagerie du destinataire n'a pas pu être joint ou n'a
pas pu accepter le message.
Vous n'avez rien à faire. De nouvelles tentatives auront lieu jusqu'au
2026-11-26 08:30 UTC ; veuillez ne pas renvoyer le message.
`,
    ],
    [
      'es',
      'relayed',
      'Su mensaje se ha reenviado',
      '2.0.0',
      `Su mensaje del 2026-11-24 08:30 UTC se ha pasado al siguiente servidor
de correo para:

    bob@far.example

Ese servidor no confirma la entrega, así que no recibirá más noticias, a
menos que esta falle.
`,
    ],
    [
      'cs',
      'delivered',
      'Vaše zpráva byla doručena',
      '2.1.5',
      `Vaše zpráva z 2026-11-24 08:30 UTC byla doručena na adresu:

    bob@far.example
`,
    ],
    [
      'sv',
      'failed',
      'Ditt meddelande kunde inte levereras',
      '5.3.4',
      `Ditt meddelande från 2026-11-24 08:30 UTC kunde inte levereras till:

    bob@far.example

Meddelandet är större än vad mottagarens e-postserver tar emot.
Skicka det igen utan bilagor eller med mindre bilagor, eller erbjud
bilagorna för nedladdning.
`,
    ],
  ]
  for (const [language, kind, subject, status, text] of cases) {
    const recipients = BASE.recipients.map((each) => ({
      ...each,
      status,
      willRetryUntilMs: Date.UTC(2026, 10, 26, 8, 30),
    }))
    const { header, parts } = read(formatReport({ ...BASE, language, kind, recipients }))
    const words = (header.get('subject') ?? '').replaceAll(/=\?utf-8\?B\?([^?]*)\?= ?/g, '$1|')
    const read64 = words.split('|').map((word) => Buffer.from(word, 'base64').toString('utf8'))
    assert.equal(words.includes('|') ? read64.join('') : words, subject)
    assert.equal(header.get('content-language'), `${language}, en`)
    const says = parts[0]?.text.replaceAll('\r\n', '\n') ?? ''
    assert.equal(says.slice(0, text.length), text)
    assert.match(says, /In English\)\n-+\n\nYour message of 2026-11-24 08:30 UTC /)
  }
})

test('what a hostile client or server says stays data', () => {
  const evil = 'x\r\nBcc: everyone@far.example\r\n\r\n--=_R0000001mailhereexample_0\r\n\u202egnp.exe\0'
  const report = formatReport({
    ...BASE,
    kind: 'delayed',
    sender: `"${evil}"@far.example`,
    envid: '+0D+0ABcc:+20x',
    recipients: [
      {
        recipient: `"${evil}"@far.example`,
        orcpt: `rfc822;a+0D+0AAction:+20delivered`,
        status: `4.0.0${evil}`,
        because: evil,
        reply: { code: 450, status: '4.0.0', text: evil },
        remoteHost: evil,
      },
    ],
    original: {
      content: Buffer.from(
        `Message-ID: <a@b>\r\nX: --=_R0000001mailhereexample_0\r\n--=_R0000001mailhereexample_0--\r\n\r\n`,
      ),
      isWhole: true,
    },
  })
  const { header, parts } = read(report)
  assert.deepEqual(
    [...header.keys()],
    'date from to subject message-id in-reply-to references auto-submitted mime-version content-language content-type'.split(
      ' ',
    ),
  )
  assert.equal(parts.length, 3)
  const blocks = parts[1]?.text.split('\r\n\r\n') ?? []
  assert.equal(blocks.length, 2)
  const names = blocks.flatMap((block) => [...halves(`${block}\r\n\r\n`)[0].keys()])
  assert.deepEqual(
    names,
    'original-envelope-id reporting-mta arrival-date original-recipient final-recipient action status remote-mta diagnostic-code final-log-id'.split(
      ' ',
    ),
  )
  assert.doesNotMatch(parts[0]?.text ?? '', /^Bcc|\u202e|\0/m)
  assert.match(parts[1]?.text ?? '', /^Original-Envelope-Id: \+0D\+0ABcc:\+20x\r$/m)
})

const word = fc.string({ unit: 'binary', maxLength: 300 })
const anyReport: fc.Arbitrary<DeliveryReport> = fc.record(
  {
    kind: fc.constantFrom('failed', 'delayed', 'relayed', 'delivered', 'expanded'),
    language: fc.constantFrom('en', 'de', 'fr', 'es', 'cs', 'sv'),
    hostname: fc.constant('mail.here.example'),
    ref: fc.constant('7K3M9Q2A'),
    sender: word,
    envid: word,
    ret: fc.constantFrom('FULL', 'HDRS'),
    arrivalMs: fc.constant(BASE.arrivalMs),
    recipients: fc.array(
      fc.record(
        {
          recipient: word,
          orcpt: word,
          status: fc.oneof(word, fc.constantFrom('5.1.1', '4.4.1', '2.0.0')),
          because: word,
          reply: fc.record({ code: fc.integer({ min: 200, max: 599 }), text: fc.string({ maxLength: 3000 }) }),
          remoteHost: word,
          lastAttemptMs: fc.constant(BASE.dateMs),
        },
        { requiredKeys: ['recipient', 'status'] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    original: fc.record({
      content: fc.oneof(
        fc.uint8Array({ maxLength: 3000 }),
        word.map((text) => Buffer.from(`Subject: ${text}\r\nMessage-ID: <${text}@b>\r\n\r\n${text}`)),
      ),
      isWhole: fc.boolean(),
    }),
    dateMs: fc.constant(BASE.dateMs),
    messageId: fc.constant('R0000001@mail.here.example'),
  },
  { requiredKeys: ['kind', 'language', 'hostname', 'ref', 'sender', 'arrivalMs', 'recipients', 'dateMs', 'messageId'] },
) as fc.Arbitrary<DeliveryReport>

test('whatever is in it, a report is a report', () => {
  fc.assert(
    fc.property(anyReport, (report) => {
      const { parts } = read(formatReport(report))
      assert.equal(parts.length, report.original === undefined ? 2 : 3)
      assert.equal(parts[1]?.text.split('\r\n\r\n').length, 1 + report.recipients.length)
      assert.equal(parts[1]?.text.match(/^Action:/gm)?.length, report.recipients.length)
    }),
    { numRuns: 300 },
  )
})

test('Python reads what was written', async () => {
  const umlaut = Buffer.from('Subject: Grüße\r\nX: ž\r\n\r\nDobrý den\r\n')
  const reports: readonly DeliveryReport[] = [
    { ...BASE, envid: 'QQ+20314' },
    { ...BASE, language: 'cs', ret: 'FULL' },
    {
      ...BASE,
      language: 'sv',
      ret: 'FULL',
      original: { content: umlaut, isWhole: true },
      recipients: [{ recipient: 'žofie@dál.example', status: '5.6.7', because: 'no SMTPUTF8' }],
    },
  ]
  const { stdout } = await promisify(execFile)('python3', [
    '-c',
    PYTHON,
    JSON.stringify(reports.map((report) => formatReport(report).toString('base64'))),
  ])
  assert.deepEqual(JSON.parse(stdout), [
    {
      type: 'multipart/report',
      reportType: 'delivery-status',
      subject: 'Your message could not be delivered',
      parts: ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
      first: 'Your message of 2026-11-24 08:30 UTC could not be delivered to:',
      envid: 'QQ 314',
      final: 'rfc822; bob@far.example',
      defects: 0,
    },
    {
      type: 'multipart/report',
      reportType: 'delivery-status',
      subject: 'Vaši zprávu se nepodařilo doručit',
      parts: ['text/plain', 'message/delivery-status', 'message/rfc822'],
      first: 'Vaši zprávu z 2026-11-24 08:30 UTC se nepodařilo doručit na adresu:',
      envid: null,
      final: 'rfc822; bob@far.example',
      defects: 0,
    },
    {
      type: 'multipart/report',
      reportType: 'delivery-status',
      subject: 'Ditt meddelande kunde inte levereras',
      parts: ['text/plain', 'message/global-delivery-status', 'message/global'],
      first: 'Ditt meddelande från 2026-11-24 08:30 UTC kunde inte levereras till:',
      envid: null,
      final: 'utf-8; žofie@dál.example',
      defects: 0,
    },
  ])
})

/** Reads base64 of messages from its argument; prints what it made of them. */
const PYTHON = `
import base64, json, sys
from email import message_from_bytes, policy
def look(raw):
    m = message_from_bytes(raw, policy=policy.default)
    parts = list(m.iter_parts())
    status = parts[1]
    if status.get_content_type() == 'message/delivery-status':
        blocks = status.get_payload()
    else:
        payload = status.get_payload()
        text = raw.split(b'global-delivery-status')[1].split(b'\\r\\n\\r\\n', 1)[1]
        blocks = [message_from_bytes(block, policy=policy.default) for block in text.split(b'\\r\\n\\r\\n')]
    return {
        'type': m.get_content_type(),
        'reportType': m.get_param('report-type'),
        'subject': str(m['Subject']),
        'parts': [part.get_content_type() for part in parts],
        'first': parts[0].get_content().splitlines()[0],
        'envid': blocks[0].get('Original-Envelope-Id'),
        'final': str(blocks[1]['Final-Recipient']),
        'defects': len(m.defects) + sum(len(part.defects) for part in parts),
    }
print(json.dumps([look(base64.b64decode(each)) for each in json.loads(sys.argv[1])]))
`
