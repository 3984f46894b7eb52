import { readFile, stat } from 'node:fs/promises'
import { type Call, CommandError } from './command.ts'

/** Read a text file that a command names (`-` is standard input). Throws a CommandError that quotes the name. */
export async function readTextFile(
  file: string,
  { terminal }: Pick<Call, 'terminal'>,
  mostBytes: number,
): Promise<string> {
  if (file === '-') return terminal.readInput(mostBytes)
  try {
    const { size } = await stat(file)
    if (size > mostBytes) throw new CommandError(`The file ${file} is larger than ${mostBytes} bytes`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`Cannot read ${file}: ${reasonOf(error as NodeJS.ErrnoException)}`)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'you may not read it (run the command as a user who may)',
  EISDIR: 'it is a directory; name a file',
}

/** Say why a file cannot be read, for somebody who knows no error codes. */
export function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return REASONS[code ?? ''] ?? code ?? message
}
