import { request } from 'node:http'
import { printable } from '#base/printable.ts'
import { CommandError } from './command.ts'

/** The running server, asked over its socket. Each call rejects with a CommandError that says what to do. */
export interface Api {
  get<T>(path: string, query?: Query): Promise<T>
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>
  /** Take something away; what it is says the query. */
  remove<T>(path: string, query?: Query): Promise<T>
}

/** A list becomes the name several times; undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Where the server of a data directory is, and what it is told with every call. */
export interface ApiPlace {
  readonly socket: string
  readonly dataDir: string
  /** Who the server notes as the author of a change. */
  readonly author: string
  /** The address the administrator sits at, where it is known. */
  readonly clientIp?: string
  /** Called with what an answer warns of. */
  readonly warn: (warning: string) => void
}

const MOST_ANSWER_BYTES = 256 * 1024 * 1024

/** Open the way to the server of a data directory. */
export function openApi(at: ApiPlace): Api {
  async function call<T>(method: string, path: string, body: unknown): Promise<T> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const { status, text } = await exchange(at, method, path, payload)
    const answer: unknown = text === '' ? undefined : parseAnswer(text)
    if (status >= 200 && status < 300) return answer as T
    throw new CommandError(refusalText(answer, status))
  }
  return {
    get: (path, query = {}) => call('GET', `${path}${formatQuery(query)}`, undefined),
    send: (method, path, body) => call(method, path, body),
    remove: (path, query = {}) => call('DELETE', `${path}${formatQuery(query)}`, undefined),
  }
}

function formatQuery(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) params.append(name, String(one))
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError('The server answered something that is no JSON; are command and server of the same version?')
  }
}

function refusalText(answer: unknown, status: number): string {
  const { error, todo } = (answer ?? {}) as { readonly error?: unknown; readonly todo?: unknown }
  if (typeof error !== 'string') return `The server answered with status ${status}`
  const lines = typeof todo === 'string' ? `${error}. ${todo}` : error
  return lines
    .split('\n')
    .map((line) => printable(line, 2000))
    .join('\n')
}

function exchange(
  at: ApiPlace,
  method: string,
  path: string,
  payload: Buffer | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { 'x-postern-author': encodeURIComponent(at.author), connection: 'close' }
    if (at.clientIp !== undefined) headers['x-postern-client'] = at.clientIp
    if (payload !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = String(payload.length)
    }
    const asked = request({ socketPath: at.socket, method, path, headers }, (response) => {
      const warning = response.headers['postern-warning']
      if (typeof warning === 'string') at.warn(printable(decoded(warning)))
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > MOST_ANSWER_BYTES) asked.destroy(new Error('the answer is too large'))
        else pieces.push(piece)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
      )
      response.on('error', reject)
    })
    asked.on('error', (error: NodeJS.ErrnoException) => reject(new CommandError(unreachable(error, at))))
    asked.end(payload)
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function unreachable(error: NodeJS.ErrnoException, at: ApiPlace): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
      return (
        `The server is not running: nobody answers at ${at.socket}. ` +
        `Start it with: postern serve --data ${at.dataDir} (or name its data directory with --data DIR)`
      )
    case 'EACCES':
    case 'EPERM':
      return `You may not speak to the server at ${at.socket}. Run the command as the server's own user, or with sudo`
    default:
      return `Cannot reach the server at ${at.socket}: ${error.message}`
  }
}
