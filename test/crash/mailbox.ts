import { Wire } from '../wire.ts'

/** Read every message of a mailbox over POP3, as it stands there, and delete what was read. */
export async function emptyMailbox(port: number, user: string, password: string): Promise<readonly Buffer[]> {
  const wire = await Wire.open(port)
  await expectOk(wire)
  await ask(wire, `USER ${user}`)
  await ask(wire, `PASS ${password}`)
  const count = Number((await ask(wire, 'STAT')).split(' ')[1])
  const messages: Buffer[] = []
  for (let number = 1; number <= count; number++) {
    await ask(wire, `RETR ${number}`)
    const stuffed = await wire.until('\r\n.\r\n')
    messages.push(unstuffed(Buffer.concat([stuffed, Buffer.from('\r\n')])))
    await ask(wire, `DELE ${number}`)
  }
  await ask(wire, 'QUIT')
  wire.close()
  return messages
}

/** Take the dot away that RFC 1939 §3 puts before each that begins a line. */
function unstuffed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(/^\.\./gm, '.'), 'latin1')
}

async function ask(wire: Wire, command: string): Promise<string> {
  await wire.write(`${command}\r\n`)
  return expectOk(wire, command)
}

async function expectOk(wire: Wire, command = 'the greeting'): Promise<string> {
  const answer = await wire.line()
  if (!answer.startsWith('+OK')) throw new Error(`POP3: ${command.slice(0, 8)} was answered ${answer}`)
  return answer
}
