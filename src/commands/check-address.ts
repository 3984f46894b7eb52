import type { CheckedAddress } from '#admin/api.ts'
import { printable } from '#base/printable.ts'
import { formatTable } from '#base/table.ts'
import type { Command } from './command.ts'

function endText({ ends, mailboxes, external, full }: CheckedAddress): string {
  switch (ends) {
    case 'nobody':
      return 'Ends nowhere: no user, group or alias has this address, so mail for it is refused.'
    case 'disabled':
      return 'Ends at a disabled user: mail for it is refused.'
    case 'loop':
      return 'Leads back to itself: mail for it is refused.'
    case 'external':
      return 'Ends in another domain: mail for it is taken only from those who may relay.'
    case 'local': {
      const parts = [
        mailboxes.length === 0
          ? undefined
          : `in the mailbox${mailboxes.length > 1 ? 'es' : ''} of ${mailboxes.join(', ')}`,
        external.length === 0 ? undefined : `elsewhere at ${external.join(', ')}`,
      ].filter((part) => part !== undefined)
      const note = full === undefined ? '' : ` The mailbox of ${full} is full: mail for it is put off.`
      return printable(`Ends ${parts.join(', and ')}.${note}`, 10_000)
    }
  }
}

export const CHECK_ADDRESS_COMMAND: Command = {
  name: 'check-address',
  summary: 'Show where an address ends, step by step; exit code 1 if mail for it is refused.',
  takes: ['ADDRESS'],
  options: {},
  examples: ['postern check-address sales@example.com'],
  async run({ api, args: [address] }) {
    const checked = await api.get<CheckedAddress>('/api/check-address', { address })
    const steps = formatTable(
      ['ADDRESS', 'FOUND'],
      checked.steps.map(({ address: at, says }) => [at, says]),
    )
    const refused = checked.ends === 'nobody' || checked.ends === 'disabled' || checked.ends === 'loop'
    return { data: checked, text: `${steps}\n\n${endText(checked)}`.trimStart(), code: refused ? 1 : 0 }
  },
}
