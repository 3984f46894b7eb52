import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { CommandError, type Terminal } from './command.ts'

export interface Streams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Open the terminal of this process. Secrets are asked for without showing them, and only where somebody sits. */
export function openTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  const manned = stdin.isTTY && stderr.isTTY

  async function ask(question: string, shown: boolean): Promise<string> {
    stderr.write(question)
    const echo = new Writable({
      write(piece, _encoding, done) {
        if (shown) stderr.write(piece)
        done()
      },
    })
    const lines = createInterface({ input: stdin, output: echo, terminal: true })
    lines.on('SIGINT', () => {
      lines.close()
      process.kill(process.pid, 'SIGINT')
    })
    try {
      return await lines.question('')
    } finally {
      lines.close()
      stderr.write('\n')
    }
  }

  return {
    print: (text) => void stdout.write(text),
    remark: (text) => void stderr.write(`${text}\n`),
    async readInput(mostBytes) {
      const pieces: Buffer[] = []
      let bytes = 0
      for await (const piece of stdin) {
        const buffer = Buffer.from(piece as Uint8Array)
        bytes += buffer.length
        if (bytes > mostBytes) throw new CommandError(`Standard input holds more than ${mostBytes} bytes`)
        pieces.push(buffer)
      }
      return Buffer.concat(pieces).toString('utf8')
    },
    askSecret: async (question) => (manned ? ask(question, false) : undefined),
    askYes: async (question) => (manned ? /^y(es)?$/i.test((await ask(`${question} [y/N] `, true)).trim()) : undefined),
  }
}
