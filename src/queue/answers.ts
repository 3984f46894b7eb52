import type { Hop, Outcome, RemoteReply, Stage, Trouble } from './contract.ts'

/** What one try of an entry came to, as it is kept with the entry. */
export interface Answer {
  readonly atMs: number
  readonly is: Trouble['is']
  readonly status: string
  readonly because: string
  readonly stage: Stage
  readonly reply?: RemoteReply
  readonly hop?: Hop
}

/** How a recipient ended, as `Delivery.story` keeps it. */
export interface Story {
  /** How often it was tried, the last time included. */
  readonly tries: number
  readonly is: Outcome['is'] | 'expired' | 'removed'
  readonly status?: string
  readonly because?: string
  readonly stage?: Stage
  readonly reply?: RemoteReply
  readonly hop?: Hop
  /** What the tries before came to, where they are known. */
  readonly before?: readonly Answer[]
}

/** Either text takes at most so many bytes (UTF-8). */
export const STORY_BYTES = 2048
const MOST_ANSWERS = 5
/** RFC 3463 §2: three numbers, of three digits at most. */
const MOST_STATUS = 11
/** The other side's texts are cut shorter until the whole fits. */
const TEXT_LENGTHS = [500, 200, 80, 0] as const

/** Add what a try came to to the answers of an entry; keeps the last five, at most `STORY_BYTES` of JSON. */
export function addAnswer(answers: string | undefined, trouble: Trouble, atMs: number): string {
  const { scope, ...answer } = trouble
  const all = [...parseAnswers(answers), { atMs, ...answer }].slice(-MOST_ANSWERS)
  return fitting(all, (list) => list, all.length - 1)
}

/** Read the answers of an entry, oldest first; what is not such a list is none. */
export function parseAnswers(answers: string | undefined): readonly Answer[] {
  if (answers === undefined) return []
  const list = parsed(answers)
  return Array.isArray(list) ? list.filter((answer): answer is Answer => typeof answer?.atMs === 'number') : []
}

/** Write down how a recipient ended; at most `STORY_BYTES` of JSON: the oldest answers go first, then the length of texts. */
export function formatStory(story: Story): string {
  const { before = [], ...last } = story
  return fitting(
    [...before, last],
    (list) => {
      const earlier = list.slice(0, -1)
      return { ...list.at(-1), ...(earlier.length > 0 && { before: earlier }) }
    },
    before.length,
  )
}

/** Read how a recipient ended; undefined when it is no story. */
export function parseStory(story: string): Story | undefined {
  const value = parsed(story)
  return typeof value?.tries === 'number' ? value : undefined
}

type Texts = Partial<Pick<Answer, 'because' | 'reply' | 'hop' | 'status'>>

/** Write a list as JSON that fits: at most `spare` of its first members go, then texts are cut. */
function fitting<T extends Texts>(list: readonly T[], shape: (list: readonly T[]) => unknown, spare: number): string {
  for (const length of TEXT_LENGTHS) {
    const cut = list.map((member) => withTexts(member, length))
    for (let without = 0; without <= spare; without++) {
      const json = JSON.stringify(shape(cut.slice(without)))
      if (json.length * 3 <= STORY_BYTES || Buffer.byteLength(json) <= STORY_BYTES) return json
    }
  }
  throw new Error('a story without texts does not fit')
}

function withTexts<T extends Texts>(member: T, length: number): T {
  const { because, reply, hop, status } = member
  return {
    ...member,
    ...(because !== undefined && { because: cut(because, length) }),
    ...(status !== undefined && { status: cut(status, MOST_STATUS) }),
    ...(reply && {
      reply: {
        code: reply.code,
        ...(reply.status !== undefined && { status: cut(reply.status, MOST_STATUS) }),
        text: cut(reply.text, length),
      },
    }),
    ...(length < 500 && hop && { hop: { host: cut(hop.host, 100), port: hop.port } }),
  }
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text
  // Not through the middle of a character of two units.
  return most === 0 ? '' : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of our own, whose shape the caller looks at.
function parsed(json: string): any {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
