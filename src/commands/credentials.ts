import type { CredentialsLine, CredentialsSaved } from '#admin/secrets-api.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'
import { PASSWORD_OPTIONS, readNewPassword } from './password.ts'

const ABOUT =
  'Rules of delivery.routes log in by credentials, and name them. The password is kept sealed and never shown again; the key is DATA/secrets.key, which belongs into a backup of its own.'

function pathOf(name: string): string {
  return `/api/credentials/${encodeURIComponent(name)}`
}

export const CREDENTIAL_COMMANDS: readonly Command[] = [
  {
    name: 'credentials set',
    summary: 'Keep a login for a relay server, or change it.',
    takes: ['NAME'],
    options: {
      user: { value: 'USER', needed: true, about: 'The user name there.' },
      ...PASSWORD_OPTIONS,
    },
    about: `${ABOUT} Without --password-stdin the password is asked for, and not shown.`,
    examples: [
      'postern credentials set isp --user anna@isp.example',
      'echo "a long secret" | postern credentials set isp --user anna@isp.example --password-stdin',
    ],
    async run(call) {
      const { api, args, options } = call
      const [name = ''] = args
      const password = await readNewPassword(call)
      const saved = await api.send<CredentialsSaved>('PUT', pathOf(name), {
        user: options.text('user') ?? '',
        password,
      })
      const text =
        saved.is === 'same' ? `The credentials ${name} were so already.` : `The credentials ${name} are kept.`
      const unused =
        saved.routes.length === 0
          ? ` No rule of delivery.routes names them yet: it does so by "credentials: ${name}".`
          : ''
      return { data: saved, text: text + unused }
    },
  },
  {
    name: 'credentials list',
    summary: 'List the logins for relay servers, without their passwords.',
    takes: [],
    options: {},
    about: ABOUT,
    examples: ['postern credentials list'],
    async run({ api }) {
      const lines = await api.get<readonly CredentialsLine[]>('/api/credentials')
      if (lines.length === 0) return { data: lines, text: 'No credentials yet.' }
      const rows = lines.map(({ name, user, changed, routes }) => [name, user, changed, routes.join(', ') || '-'])
      return { data: lines, text: formatTable(['NAME', 'USER', 'CHANGED', 'USED BY'], rows) }
    },
  },
  {
    name: 'credentials remove',
    summary: 'Forget a login that no rule of delivery.routes names.',
    takes: ['NAME'],
    options: {},
    examples: ['postern credentials remove isp'],
    async run({ api, args: [name = ''] }) {
      await api.remove(pathOf(name))
      return { data: { removed: name }, text: `Removed the credentials ${name}.` }
    },
  },
]
