import { type Call, CommandError, type OptionDeclaration } from './command.ts'

/** How every command that needs a password takes it: never as an argument, which `ps` shows to everyone. */
export const PASSWORD_OPTIONS = {
  'password-stdin': { about: 'Read the password from standard input (its first line).' },
} as const satisfies Record<string, OptionDeclaration>

const MOST_BYTES = 1024

/** Get a new password: from standard input when told so, else by asking twice. */
export async function readNewPassword({ options, terminal }: Pick<Call, 'options' | 'terminal'>): Promise<string> {
  if (options.flag('password-stdin')) {
    const [line = ''] = (await terminal.readInput(64 * 1024)).split(/\r?\n/, 1)
    return checked(line)
  }
  const first = await terminal.askSecret('Password: ')
  if (first === undefined) throw new CommandError('No password was given: pass it with --password-stdin', 2)
  const again = await terminal.askSecret('Once more: ')
  if (first !== again) throw new CommandError('The two passwords differ; nothing was changed')
  return checked(first)
}

function checked(password: string): string {
  if (password === '') throw new CommandError('The password is empty; nothing was changed')
  if (Buffer.byteLength(password) > MOST_BYTES) {
    throw new CommandError(`The password is longer than ${MOST_BYTES} bytes; nothing was changed`)
  }
  return password
}
