import type { Settings } from '#settings/schema.ts'
import { EVIDENCE } from '../evidence.ts'
import { spanText } from '../limit.ts'
import type { Rule } from '../rule.ts'
import { blockReply } from '../weigh-evidence.ts'

const ROWS = Object.values(EVIDENCE)

/**
 * A client under a block. It has no `action`: what brought the block about has one, and a block by hand is meant. Its answer bears
 * the reference of the decision that made the block, where the evidence stands, and leaves no record of its own.
 */
export const blocked: Rule = {
  name: 'blocked',
  stage: ['connect', 'login', 'sender', 'recipient'],
  about: 'A blocked address may not use any service until its block ends or is lifted.',
  reads: ['limits.neverBlock', ...ROWS.map(({ actionSetting }) => actionSetting)],
  replies: ['addressBlocked', 'addressRefused'],
  needs: ['block'],
  exempts: ['the never-block list', 'users that logged in before the block'],
  // A user who logged in before the block is not the stranger it was made for. The login itself is held to it: a guesser with many
  // sessions open must not be told of the guess that was right.
  applies: ({ user, sender }) => user === undefined || sender === undefined,
  decide: ({ ip }, { block }, settings) => {
    if (block === undefined) return { is: 'pass', saw: `no block stands against ${ip}` }
    const { network, reason, evidence, endsInMs, ref } = block
    const end = endsInMs === undefined ? 'until it is lifted' : `for ${spanText(endsInMs)} more`
    return {
      is: 'refuse',
      saw: `${network} is blocked ${end} (${reason}): ${evidence}`,
      reply: replyToBlocked(reason, settings),
      ...(ref === undefined ? {} : { ref }),
    }
  },
}

/** Give the answer to a client blocked for this reason. */
export function replyToBlocked(reason: string, settings: Settings): 'addressRefused' | 'addressBlocked' {
  return blockReply(actionOf(reason, settings))
}

/** Give what the settings want of clients blocked for this reason; a block by hand refuses for good. */
function actionOf(reason: string, settings: Settings): 'refuse' | 'defer' {
  const row = ROWS.find((candidate) => candidate.reason === reason)
  // One that is only observed by now makes no new blocks; the block that stands is not made harder by that.
  return row === undefined || row.action(settings) === 'refuse' ? 'refuse' : 'defer'
}
