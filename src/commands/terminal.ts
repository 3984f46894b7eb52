import { once } from 'node:events'
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

  /** Ask for a line; what is typed is shown by the terminal itself, or not at all. */
  async function ask(question: string, shown: boolean): Promise<string> {
    stderr.write(question)
    const nowhere = new Writable({ write: (_piece, _encoding, done) => done() })
    const lines = createInterface({ input: stdin, output: nowhere, terminal: !shown })
    lines.on('SIGINT', () => {
      lines.close()
      process.kill(process.pid, 'SIGINT')
    })
    try {
      // The end of the input (Ctrl-D) closes the lines or aborts the question: no answer comes.
      const ended = once(lines, 'close').then(() => undefined)
      const answer = await Promise.race([lines.question('').catch(() => undefined), ended])
      if (answer === undefined) throw new CommandError('Nothing was entered; nothing was changed')
      return answer
    } finally {
      lines.close()
      if (!shown) stderr.write('\n')
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
