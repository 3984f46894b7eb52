import type {
  Imported,
  Listing,
  NewUserBody,
  User,
  UserDetails,
  UserFields,
  UserFreeze,
  UserRelease,
} from '#admin/api.ts'
import { formatPairs, formatTable } from '#base/table.ts'
import { type Command, CommandError, type OptionDeclaration, type ParsedOptions } from './command.ts'
import { readTextFile } from './files.ts'
import { moreText, PAGE_OPTIONS, pageQuery } from './listing.ts'
import { PASSWORD_OPTIONS, readNewPassword } from './password.ts'
import { formatBytes, parseBytes, parseCount } from './quantities.ts'

const MOST_CSV_BYTES = 256 * 1024 * 1024

const FIELD_OPTIONS = {
  name: { value: 'TEXT', about: 'The name of the person.' },
  address: { value: 'ADDRESS', many: true, about: 'A further address of the user; may be repeated.' },
  'quota-size': { value: 'SIZE', about: 'The most the mailbox may hold, such as 2GB, or unlimited.' },
  'quota-messages': { value: 'N', about: 'The most messages it may hold, or unlimited.' },
  forward: { value: 'ADDRESS', many: true, about: 'Forward what arrives to this address; may be repeated.' },
  'keep-copy': { about: 'Keep what is forwarded in the mailbox too.' },
  'local-domains-only': { about: 'The user may send to local domains only.' },
  disabled: { about: 'No login, and mail is not accepted.' },
} as const satisfies Record<string, OptionDeclaration>

const UNDO_OPTIONS = {
  'no-further-addresses': { about: 'Take the further addresses away.' },
  'no-forward': { about: 'Stop forwarding.' },
  'any-domain': { about: 'The user may send to other domains again.' },
  enabled: { about: 'Undo --disabled.' },
} as const satisfies Record<string, OptionDeclaration>

function fieldsOf(options: ParsedOptions): UserFields {
  const fields: { -readonly [K in keyof UserFields]: UserFields[K] } = {}
  const name = options.text('name')
  if (name !== undefined) fields.name = name
  const addresses = options.texts('address')
  if (addresses.length > 0) fields.addresses = addresses
  else if (options.flag('no-further-addresses')) fields.addresses = []
  const quotaSize = options.text('quota-size')
  if (quotaSize !== undefined) fields.quotaBytes = parseBytes(quotaSize, '--quota-size')
  const quotaMessages = options.text('quota-messages')
  if (quotaMessages !== undefined) fields.quotaMessages = parseCount(quotaMessages, '--quota-messages')
  const to = options.texts('forward')
  if (to.length > 0) fields.forwarding = { to, keepCopy: options.flag('keep-copy') }
  else if (options.flag('no-forward')) fields.forwarding = null
  else if (options.flag('keep-copy')) throw new CommandError('--keep-copy goes with --forward ADDRESS', 2)
  if (options.flag('local-domains-only')) fields.localDomainsOnly = true
  else if (options.flag('any-domain')) fields.localDomainsOnly = false
  if (options.flag('disabled')) fields.disabled = true
  else if (options.flag('enabled')) fields.disabled = false
  return fields
}

function pathOf(address: string): string {
  return `/api/users/${encodeURIComponent(address)}`
}

function userText(user: UserDetails): string {
  const { forwarding, frozen } = user
  const quota = [
    user.quotaBytes === undefined ? undefined : formatBytes(user.quotaBytes),
    user.quotaMessages === undefined ? undefined : `${user.quotaMessages} messages`,
  ].filter((part) => part !== undefined)
  return formatPairs([
    ['Address', user.address],
    ['Name', user.name === '' ? '-' : user.name],
    ['Further addresses', user.addresses.length === 0 ? '-' : user.addresses.join(', ')],
    ['State', user.disabled ? 'disabled' : 'enabled'],
    [
      'Sending',
      frozen === undefined
        ? undefined
        : `frozen since ${frozen.since} by ${frozen.by}: ${frozen.why}${frozen.ref === undefined ? '' : ` [ref ${frozen.ref}]`}`,
    ],
    [
      '',
      frozen === undefined
        ? undefined
        : `let it send again with: postern user release ${user.address} [--delete-queued]`,
    ],
    ['Mailbox', `${user.messages} messages, ${formatBytes(user.bytes)}`],
    ['Quota', quota.length === 0 ? 'unlimited' : quota.join(', ')],
    [
      'Forwards to',
      forwarding === undefined
        ? '-'
        : `${forwarding.to.join(', ')} (${forwarding.keepCopy ? 'a copy is kept' : 'no copy is kept'})`,
    ],
    ['May send to', user.localDomainsOnly ? 'local domains only' : 'any domain'],
  ])
}

function recipients(count: number): string {
  return `${count} ${count === 1 ? 'recipient' : 'recipients'}`
}

function stateOf(user: User): string {
  return [
    user.disabled ? 'disabled' : undefined,
    user.frozen === undefined ? undefined : 'frozen',
    user.forwarding === undefined ? undefined : 'forwards',
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}

export const USER_COMMANDS: readonly Command[] = [
  {
    name: 'user add',
    summary: 'Add a user with a mailbox.',
    takes: ['NAME@DOMAIN'],
    options: {
      ...PASSWORD_OPTIONS,
      'no-password': { about: 'Without a password: mail is taken, but nobody can log in.' },
      ...FIELD_OPTIONS,
    },
    about: 'Without --password-stdin the password is asked for, and not shown.',
    examples: [
      'postern user add anna@example.com',
      'echo "a long secret" | postern user add anna@example.com --name "Anna Muster" --password-stdin',
    ],
    async run(call) {
      const { api, args, options } = call
      const fields = fieldsOf(options)
      const password = options.flag('no-password') ? {} : { password: await readNewPassword(call) }
      const body: NewUserBody = { address: args[0] ?? '', ...fields, ...password }
      const user = await api.send<UserDetails>('POST', '/api/users', body)
      return { data: user, text: `Added the user ${user.address}.` }
    },
  },
  {
    name: 'user list',
    summary: 'List users, all or those whose address matches a pattern with * and ?.',
    takes: ['[PATTERN]'],
    options: PAGE_OPTIONS,
    examples: ['postern user list', 'postern user list "*@example.com"'],
    async run({ api, args: [match], options }) {
      const page = await api.get<Listing<User>>('/api/users', pageQuery(options, match))
      const rows = page.items.map((user) => [user.address, user.name || '-', stateOf(user) || '-'])
      const text = rows.length === 0 ? 'No user.' : formatTable(['ADDRESS', 'NAME', 'STATE'], rows)
      return { data: page, text: text + moreText(page) }
    },
  },
  {
    name: 'user show',
    summary: 'Show a user and what the mailbox holds.',
    takes: ['NAME@DOMAIN'],
    options: {},
    examples: ['postern user show anna@example.com'],
    async run({ api, args: [address = ''] }) {
      const user = await api.get<UserDetails>(pathOf(address))
      return { data: user, text: userText(user) }
    },
  },
  {
    name: 'user set',
    summary: 'Change a user; what is not named stays.',
    takes: ['NAME@DOMAIN'],
    options: { ...FIELD_OPTIONS, ...UNDO_OPTIONS },
    examples: [
      'postern user set anna@example.com --quota-size 2GB',
      'postern user set anna@example.com --forward anna@example.org --keep-copy',
      'postern user set anna@example.com --disabled',
    ],
    async run({ api, args: [address = ''], options }) {
      const fields = fieldsOf(options)
      if (Object.keys(fields).length === 0) {
        throw new CommandError('Nothing to change: name what to set (see: postern user set --help)', 2)
      }
      const user = await api.send<UserDetails>('PUT', pathOf(address), fields)
      return { data: user, text: userText(user) }
    },
  },
  {
    name: 'user passwd',
    summary: 'Set the password of a user.',
    takes: ['NAME@DOMAIN'],
    options: PASSWORD_OPTIONS,
    examples: ['postern user passwd anna@example.com'],
    async run(call) {
      const address = call.args[0] ?? ''
      await call.api.send('PUT', `${pathOf(address)}/password`, { password: await readNewPassword(call) })
      return { data: { address }, text: `Set the password of ${address}.` }
    },
  },
  {
    name: 'user freeze',
    summary: 'Stop a user from sending: sessions end, waiting mail is held, the user and the administrator are told.',
    takes: ['NAME@DOMAIN'],
    options: { why: { value: 'TEXT', needed: true, about: 'What was seen; the user is told it.' } },
    about: 'The user can go on reading mail. Let it send again with: postern user release',
    examples: ['postern user freeze anna@example.com --why "sends spam since 9 o\'clock"'],
    async run({ api, args: [address = ''], options }) {
      const why = options.text('why')
      if (why === undefined || why.trim() === '') throw new CommandError('--why TEXT is missing: say what was seen', 2)
      const frozen = await api.send<UserFreeze>('POST', `${pathOf(address)}/freeze`, { why })
      const text = `Stopped ${frozen.address} from sending; ${recipients(frozen.held)} of waiting mail held.`
      return { data: frozen, text }
    },
  },
  {
    name: 'user release',
    summary: 'Let a frozen user send again; what was held goes on its way, or is deleted.',
    takes: ['NAME@DOMAIN'],
    options: { 'delete-queued': { about: 'Delete the held mail instead of sending it.' } },
    about: 'Where the password has become known to somebody else, change it first: postern user passwd',
    examples: ['postern user release anna@example.com', 'postern user release anna@example.com --delete-queued'],
    async run({ api, args: [address = ''], options }) {
      const deleteQueued = options.flag('delete-queued')
      const released = await api.send<UserRelease>('POST', `${pathOf(address)}/release`, { deleteQueued })
      const queued = deleteQueued
        ? `${recipients(released.removed)} of held mail deleted`
        : `${recipients(released.released)} of held mail released`
      const sends = released.wasFrozen ? 'may send again' : 'was not frozen'
      return { data: released, text: `${released.address} ${sends}; ${queued}.` }
    },
  },
  {
    name: 'user import',
    summary: 'Add users from a CSV file; its first line names the columns.',
    takes: ['FILE.csv'],
    options: {},
    about:
      'Columns: address, password, name, quota. Only address is needed. "-" reads standard input. Nothing is added ' +
      'unless every line is right.',
    examples: ['postern user import users.csv'],
    async run(call) {
      const csv = await readTextFile(call.args[0] ?? '', call, MOST_CSV_BYTES)
      const imported = await call.api.send<Imported>('POST', '/api/users/import', { csv })
      return { data: imported, text: `Added ${imported.added} users.` }
    },
  },
  {
    name: 'user remove',
    summary: 'Remove a user with the mailbox and all mail in it.',
    takes: ['NAME@DOMAIN'],
    options: { yes: { about: 'Do not ask.' } },
    examples: ['postern user remove anna@example.com --yes'],
    async run({ api, args: [address = ''], options, terminal }) {
      const sure = options.flag('yes') || (await terminal.askYes(`Remove ${address} with all mail?`))
      if (sure === undefined) throw new CommandError('This deletes the mailbox with its mail: say --yes', 2)
      if (!sure) throw new CommandError('Nothing was removed')
      await api.send('DELETE', pathOf(address))
      return { data: { removed: address }, text: `Removed the user ${address}.` }
    },
  },
]
