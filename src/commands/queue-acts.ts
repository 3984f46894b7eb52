import type { QueueActed, QueueSelection } from '#admin/queue-api.ts'
import type { Answer, Call, Command } from './command.ts'
import { confirmMany, countOf, SELECTION_ABOUT, SELECTION_OPTIONS, selectionOf } from './queue-selection.ts'

const TAKES = ['[ID|PATTERN…]']

export const QUEUE_ACT_COMMANDS: readonly Command[] = [
  {
    name: 'queue retry',
    summary: 'Try again now what waits for its next time.',
    takes: TAKES,
    options: SELECTION_OPTIONS,
    about: `${SELECTION_ABOUT} What is held stays held: see postern queue release.`,
    examples: ['postern queue retry 17', "postern queue retry '*@example.net'", 'postern queue retry --all --yes'],
    run: (call) => act(call, 'retry', 'Try', (entries) => `${countOf(entries)} will be tried now.`),
  },
  {
    name: 'queue hold',
    summary: 'Hold mail: it is not tried until it is released.',
    takes: TAKES,
    options: SELECTION_OPTIONS,
    about: SELECTION_ABOUT,
    examples: ['postern queue hold 17 18', 'postern queue hold --user anna@example.com'],
    run: (call) => act(call, 'hold', 'Hold', (entries) => `Held ${countOf(entries)}.`),
  },
  {
    name: 'queue release',
    summary: 'Release mail that is held.',
    takes: TAKES,
    options: SELECTION_OPTIONS,
    about: SELECTION_ABOUT,
    examples: ['postern queue release 17', 'postern queue release --user anna@example.com'],
    run: (call) => act(call, 'release', 'Release', (entries) => `Released ${countOf(entries)}.`),
  },
  {
    name: 'queue remove',
    summary: 'Delete mail from the queue, without a word to the sender or with a failure report.',
    takes: TAKES,
    options: {
      ...SELECTION_OPTIONS,
      bounce: { about: 'Tell the senders, as when a delivery fails for good.' },
    },
    about: `${SELECTION_ABOUT} What is removed is gone for good; what is being sent at that moment may still arrive.`,
    examples: [
      'postern queue remove 17 --bounce',
      "postern queue remove --sender 'news@*' --recipient '*@example.net'",
      'postern queue remove --user anna@example.com --yes',
    ],
    async run(call) {
      const selection = selectionOf(call)
      await confirmMany(call, selection, 'Remove')
      const bounce = call.options.flag('bounce')
      const acted = await call.api.send<QueueActed>('DELETE', '/api/queue', {
        ...selection,
        ...(bounce ? { bounce } : {}),
      })
      const how = bounce ? 'the senders are told' : 'nobody is told'
      return answerOf(acted, `Removed ${countOf(acted.entries)}; ${how}.`)
    },
  },
]

async function act(
  call: Call,
  name: 'retry' | 'hold' | 'release',
  deed: string,
  says: (entries: number) => string,
): Promise<Answer> {
  const selection: QueueSelection = selectionOf(call)
  await confirmMany(call, selection, deed)
  const acted = await call.api.send<QueueActed>('POST', `/api/queue/${name}`, selection)
  return answerOf(acted, says(acted.entries))
}

function answerOf(acted: QueueActed, text: string): Answer {
  return { data: acted, text: acted.entries === 0 ? 'Nothing was changed: there is nothing of that kind.' : text }
}
