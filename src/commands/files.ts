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
    throw new CommandError(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)
  }
}
