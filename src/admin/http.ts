import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Metrics } from './metrics.ts'
import { WARNING_HEADER } from './open-relay-warning.ts'

export interface HttpParts {
  /** Are all services up? */
  readonly ready: () => boolean
  /** May this address use the administration (services.admin.ipGroup)? */
  readonly allows: (ip: string) => boolean
  readonly maxConnections: () => number | 'unlimited'
  /** What every answer warns of, where there is something (`openRelayWarning`). */
  readonly warning: () => string | undefined
  readonly metrics: Metrics
  /** Called with what a bug of ours threw. */
  readonly faulted: (error: unknown) => void
}

function pageWith(warning: string | undefined): string {
  const banner = warning === undefined ? '' : `<p role="alert"><strong>${escapeHtml(warning)}</strong></p>\n`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern</title>
${banner}<h1>Postern</h1>
<p>The server runs. The administration pages are not there yet: use the command line, <code>postern help</code>.</p>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const SHARED_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

/**
 * Create an HTTP server for one address of services.admin; the caller lets it listen. It tells whether the server lives and is
 * ready, and its metrics; it administers nothing.
 */
export function createHttp(parts: HttpParts): Server {
  let open = 0
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => void respond(response, request, parts),
  )
  server.maxRequestsPerSocket = 1000
  server.on('connection', (socket: Socket) => {
    const most = parts.maxConnections()
    const ip = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
    if ((most !== 'unlimited' && open >= most) || !parts.allows(ip)) {
      socket.destroy()
      return
    }
    open += 1
    socket.once('close', () => {
      open -= 1
    })
  })
  return server
}

interface Answer {
  readonly status: number
  readonly type: 'text/plain' | 'text/plain; version=0.0.4' | 'text/html'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answer one request. What cannot be told is a bug: its story goes to the log, and the next page is not harmed. */
async function respond(response: ServerResponse, request: IncomingMessage, parts: HttpParts): Promise<void> {
  try {
    send(response, await answerTo(parts, request), parts.warning())
  } catch (error) {
    parts.faulted(error)
    if (response.headersSent) response.destroy()
    else send(response, { status: 500, type: 'text/plain', body: 'This cannot be told now\n' }, undefined)
  }
}

async function answerTo(parts: HttpParts, request: IncomingMessage): Promise<Answer> {
  const type = 'text/plain'
  // No body is wanted: what a client sends is not read, and the connection ends with the answer.
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const headers = { allow: 'GET, HEAD', connection: 'close' }
    return { status: 405, type, body: 'Only GET and HEAD are answered here\n', headers }
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      return { status: 200, type, body: 'ok\n' }
    case '/readyz':
      return parts.ready() ? { status: 200, type, body: 'ready\n' } : { status: 503, type, body: 'not ready\n' }
    case '/metrics':
      // The version is that of the Prometheus text format.
      return { status: 200, type: 'text/plain; version=0.0.4', body: await parts.metrics.text() }
    case '/':
      return { status: 200, type: 'text/html', body: pageWith(parts.warning()) }
    default:
      return { status: 404, type, body: 'There is nothing here\n' }
  }
}

function send(
  response: ServerResponse,
  { status, type, body, headers = {} }: Answer,
  warning: string | undefined,
): void {
  response.writeHead(status, {
    ...SHARED_HEADERS,
    ...(warning === undefined ? {} : { [WARNING_HEADER]: encodeURIComponent(warning) }),
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  // Node leaves the body out where the request was HEAD.
  response.end(body)
}
