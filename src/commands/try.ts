import type { Tried, TryBody } from '#admin/api.ts'
import { type Command, CommandError } from './command.ts'
import { readTextFile } from './files.ts'
import { readMessageFile } from './message-file.ts'

const MOST_DRAFT_BYTES = 4 * 1024 * 1024

export const TRY_COMMAND: Command = {
  name: 'try',
  summary: 'Judge a session that never was: each rule, what it saw, what it decided, by which setting.',
  takes: [],
  options: {
    ip: { value: 'IP', needed: true, about: 'The address of the client.' },
    helo: { value: 'NAME', about: 'The name it gives in its greeting.' },
    from: { value: 'ADDRESS', needed: true, about: 'The sender; "" is the null sender of reports.' },
    to: { value: 'ADDRESS', many: true, needed: true, about: 'A recipient; may be repeated.' },
    'early-talker': { about: 'It talks before the greeting.' },
    'failed-login': { value: 'NAME', about: 'A login under this name fails first.' },
    as: { value: 'USER', about: 'Logged in as this user.' },
    'pop-before': { value: 'MINUTES', about: 'As if a POP3 login from the address succeeded so many minutes ago.' },
    tls: { about: 'Over an encrypted connection.' },
    service: { value: 'NAME', about: 'smtp (the default), submission or submissions.' },
    message: { value: 'FILE', about: 'The message; without it only the envelope is judged.' },
    draft: { value: 'FILE', about: "Settings laid over today's, in the form of settings export." },
  },
  about: 'Nothing is sent, counted or changed. Exit code 1 unless every recipient would be accepted.',
  examples: [
    'postern try --ip 203.0.113.9 --from someone@example.org --to anna@example.com',
    'postern try --ip 203.0.113.9 --from anna@example.com --to x@example.org --as anna@example.com --tls',
  ],
  async run(call) {
    const { options, api } = call
    const ip = options.text('ip') ?? ''
    const from = options.text('from') ?? ''
    const to = options.texts('to')

    const body: TryBody = {
      ip,
      from,
      to,
      tls: options.flag('tls'),
      ...given('helo', options.text('helo')),
      ...given('as', options.text('as')),
      ...given('failedLogin', options.text('failed-login')),
      ...(options.flag('early-talker') ? { talkedEarly: true } : {}),
      ...given('service', serviceOf(options.text('service'))),
      ...given('popBeforeMinutes', minutesOf(options.text('pop-before'))),
      ...given('message', await readOptional(options.text('message'), readMessageFile)),
      ...given(
        'draft',
        await readOptional(options.text('draft'), (file) => readTextFile(file, call, MOST_DRAFT_BYTES)),
      ),
    }
    const tried = await api.send<Tried>('POST', '/api/try', body)
    return { data: tried.trial, text: tried.text, code: tried.trial.outcome === 'accepted' ? 0 : 1 }
  },
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}

async function readOptional<T>(file: string | undefined, read: (file: string) => Promise<T>): Promise<T | undefined> {
  return file === undefined ? undefined : read(file)
}

function serviceOf(name: string | undefined): TryBody['service'] {
  if (name === undefined || name === 'smtp' || name === 'submission' || name === 'submissions') return name
  throw new CommandError(`Cannot use --service "${name}": expected smtp, submission or submissions`, 2)
}

function minutesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,6}$/.test(text)) throw new CommandError(`Cannot use --pop-before "${text}": expected whole minutes`, 2)
  return Number(text)
}
