/** What the tests of the commands share: a terminal that keeps what is printed, and a server that answers as told. */
import type { Api } from './api-client.ts'
import type { Command, Runtime, Terminal } from './command.ts'
import { parseCall } from './parse.ts'

export interface RecordedTerminal extends Terminal {
  readonly printed: string[]
  readonly remarks: string[]
}

/** Make a terminal that keeps what it is told; `input` is its standard input, the rest what somebody would answer. */
export function recordTerminal(
  given: { readonly input?: string; readonly secrets?: readonly string[]; readonly yes?: boolean } = {},
): RecordedTerminal {
  const printed: string[] = []
  const remarks: string[] = []
  const secrets = [...(given.secrets ?? [])]
  return {
    printed,
    remarks,
    print: (text) => void printed.push(text),
    remark: (text) => void remarks.push(text),
    readInput: async () => given.input ?? '',
    askSecret: async () => secrets.shift(),
    askYes: async () => given.yes,
  }
}

export interface Sent {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** Make a server that notes what it is asked and answers every request with the same. */
export function recordApi(answer: unknown): { readonly api: Api; readonly sent: Sent[] } {
  const sent: Sent[] = []
  return {
    sent,
    api: {
      async get<T>(path: string, query: object = {}) {
        sent.push({ method: 'GET', path, body: query })
        return answer as T
      },
      async send<T>(method: string, path: string, body?: unknown) {
        sent.push({ method, path, body })
        return answer as T
      },
      async remove<T>(path: string, query: object = {}) {
        sent.push({ method: 'DELETE', path, body: query })
        return answer as T
      },
    },
  }
}

export const noRuntime: Runtime = {
  version: '0.0.0',
  serve: async () => 0,
  restore: async () => {},
}

/** Call one command with these words. */
export function callCommand(
  command: Command,
  words: readonly string[],
  api: Api,
  terminal: Terminal = recordTerminal(),
  runtime: Runtime = noRuntime,
) {
  return command.run({ ...parseCall(command, words), api, terminal, runtime, dataDir: '/var/lib/postern' })
}
