/**
 * `node test/networks/speak.ts < SESSIONS`: hold SMTP sessions one after the other, from within a network namespace, and print what
 * was answered, as JSON. A session that cannot be held is its error.
 */
import { readFileSync } from 'node:fs'
import { SmtpClient } from '../smtp-client.ts'

export interface Spoken {
  readonly host: string
  readonly port: number
  /** The address to come from; absent: as the network has it. */
  readonly from?: string
  /** Sent one by one, each after the reply to the last. */
  readonly commands: readonly string[]
}

/** Hold one session; gives the greeting and the reply to each command. */
export async function speak({ host, port, from, commands }: Spoken): Promise<readonly string[]> {
  const replies: string[] = []
  using client = await SmtpClient.connect(port, { host, ...(from === undefined ? {} : { localAddress: from }) })
  replies.push(await client.reply())
  for (const command of commands) replies.push(await client.ask(command))
  return replies
}

if (import.meta.main) {
  const sessions = JSON.parse(readFileSync(0, 'utf8')) as readonly Spoken[]
  const answers: (readonly string[])[] = []
  for (const session of sessions) {
    answers.push(await speak(session).catch((error: unknown) => [error instanceof Error ? error.message : 'failed']))
  }
  process.stdout.write(JSON.stringify(answers))
}
