import type { DkimCheckBody, DkimLine, DkimRemoved, DkimShown } from '#admin/secrets-api.ts'
import { formatTable } from '#base/table.ts'
import { type Answer, type Command, CommandError } from './command.ts'

type Key = DkimShown['keys'][number]

const ABOUT =
  'Mail of a domain is signed by an RSA key and an Ed25519 key. A key signs once its record is seen in DNS: by dkim check --activate, or by the daily check.'

const KINDS = { rsa: 'RSA', ed25519: 'Ed25519' } as const
const STATES = {
  next: 'not used yet: publish its record',
  active: 'signs',
  retired: 'signs no more',
} as const

function pathOf(domain: string, act = ''): string {
  return `/api/dkim/${encodeURIComponent(domain)}${act}`
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function foundText({ found }: Key): string {
  switch (found.is) {
    case 'right':
      return 'the record is there'
    case 'missing':
      return `there is no such record (${found.why})`
    case 'wrong':
      return `the record is wrong: ${found.why}`
    case 'unknown':
      return `could not find out: ${found.why}`
  }
}

function keyText(key: Key): string {
  const { selector, algorithm, state, record, removableAtMs } = key
  const until = removableAtMs === undefined ? '' : `; its record is needed until ${dayOf(removableAtMs)}`
  const lines = [`${selector} (${KINDS[algorithm]}) ${STATES[state]}${until}`, `  DNS: ${foundText(key)}`]
  // As it is to stand in a zone file; a form of a provider takes the name and the text without quotes.
  if (state !== 'retired' && key.found.is !== 'right') lines.push(`  ${record.name}. IN TXT ( ${record.zone} )`)
  return lines.join('\n')
}

function shownAnswer(shown: DkimShown, top?: string): Answer {
  const keys = shown.keys.map(keyText).join('\n\n')
  return { data: shown, text: top === undefined ? keys : `${top}\n\n${keys}` }
}

function checkedText({ activated, retired, keys }: DkimShown, activate: boolean): string | undefined {
  const lines = []
  if (activated.length > 0) lines.push(`From now on mail is signed by ${activated.join(' and ')}.`)
  if (retired.length > 0) lines.push(`${retired.join(' and ')} sign${retired.length === 1 ? 's' : ''} no more.`)
  const ready = keys.filter(({ state, found }) => state === 'next' && found.is === 'right')
  if (!activate && ready.length > 0) {
    lines.push(`Ready to sign: ${ready.map(({ selector }) => selector).join(', ')}; let them with --activate`)
  }
  return lines.length === 0 ? undefined : lines.join('\n')
}

/** An active key whose record no verifier can use does harm; one that waits for its record does none. */
function isAmiss({ state, found }: Key): boolean {
  return state === 'active' && (found.is === 'missing' || found.is === 'wrong')
}

export const DKIM_COMMANDS: readonly Command[] = [
  {
    name: 'dkim add',
    summary: 'Make the keys that sign mail of a local domain, and show the records to publish.',
    takes: ['DOMAIN'],
    options: {},
    about: ABOUT,
    examples: ['postern dkim add example.com'],
    async run({ api, args: [domain = ''] }) {
      const shown = await api.send<DkimShown>('POST', '/api/dkim', { domain })
      const todo = `Publish these records, then let the keys sign with: postern dkim check ${shown.domain} --activate`
      return shownAnswer(shown, `Made keys for ${shown.domain}. ${todo}`)
    },
  },
  {
    name: 'dkim list',
    summary: 'List the domains whose mail is signed, and their keys.',
    takes: [],
    options: {},
    examples: ['postern dkim list'],
    async run({ api }) {
      const domains = await api.get<readonly DkimLine[]>('/api/dkim')
      if (domains.length === 0) {
        return { data: domains, text: 'No mail is signed. Make keys with: postern dkim add example.com' }
      }
      const rows = domains.flatMap(({ domain, keys }) =>
        keys.map(({ selector, algorithm, state }) => [domain, selector, KINDS[algorithm], state]),
      )
      return { data: domains, text: formatTable(['DOMAIN', 'SELECTOR', 'KIND', 'STATE'], rows) }
    },
  },
  {
    name: 'dkim show',
    summary: 'Show the keys of a domain, their records, and whether DNS has these.',
    takes: ['DOMAIN'],
    options: {},
    about: ABOUT,
    examples: ['postern dkim show example.com'],
    run: async ({ api, args: [domain = ''] }) => shownAnswer(await api.get<DkimShown>(pathOf(domain))),
  },
  {
    name: 'dkim rotate',
    summary: 'Make new keys for a domain; they follow the old ones once their records are seen.',
    takes: ['DOMAIN'],
    options: {},
    about: `${ABOUT} The records of the old keys stay for seven days after that.`,
    examples: ['postern dkim rotate example.com'],
    async run({ api, args: [domain = ''] }) {
      const shown = await api.send<DkimShown>('POST', pathOf(domain, '/rotate'))
      const todo = `Publish their records beside the old ones, then: postern dkim check ${shown.domain} --activate`
      return shownAnswer(shown, `Made new keys for ${shown.domain}. ${todo}`)
    },
  },
  {
    name: 'dkim check',
    summary: 'Ask DNS for the records of a domain, and let the keys that are published sign.',
    takes: ['DOMAIN'],
    options: {
      activate: { about: 'Keys whose record is right sign from now on, and the old ones no more.' },
      force: { about: 'With --activate: also keys whose record was not seen. Their signatures fail until it is.' },
    },
    about: `${ABOUT} Exit code 1 when a key signs whose record is missing or wrong. DNS may need a while to tell a new record.`,
    examples: ['postern dkim check example.com', 'postern dkim check example.com --activate'],
    async run({ api, args: [domain = ''], options }) {
      const [activate, force] = [options.flag('activate'), options.flag('force')]
      if (force && !activate) throw new CommandError('--force goes with --activate', 2)
      const body: DkimCheckBody = { activate, force }
      const shown = await api.send<DkimShown>('POST', pathOf(domain, '/check'), body)
      // Who forces it knows.
      const code = !force && shown.keys.some(isAmiss) ? 1 : 0
      return { ...shownAnswer(shown, checkedText(shown, activate)), code }
    },
  },
  {
    name: 'dkim remove',
    summary: 'Take a key of a domain away, or all of them.',
    takes: ['DOMAIN', '[SELECTOR]'],
    options: { force: { about: 'Also a key that signs, or that signed in the last seven days.' } },
    examples: ['postern dkim remove example.com s202601r', 'postern dkim remove example.com --force'],
    async run({ api, args: [domain = '', selector], options }) {
      const query = { selector, ...(options.flag('force') ? { force: true } : {}) }
      const { removed, ...gone } = await api.remove<DkimRemoved>(pathOf(domain), query)
      const text = `Removed ${removed.join(', ')} of ${gone.domain}. Take their records out of DNS too.`
      return { data: { ...gone, removed }, text }
    },
  },
]
