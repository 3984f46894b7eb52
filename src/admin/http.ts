import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface HttpParts {
  /** Are all services up? */
  readonly ready: () => boolean
  /** May this address use the administration (services.admin.ipGroup)? */
  readonly allows: (ip: string) => boolean
  readonly maxConnections: () => number | 'unlimited'
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Postern</title>
<h1>Postern</h1>
<p>The server runs. The administration pages are not there yet: use the command line, <code>postern help</code>.</p>
</html>
`

const SHARED_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

/**
 * Create an HTTP server for one address of services.admin; the caller lets it listen. It tells whether the server lives and is
 * ready, and administers nothing.
 */
export function createHttp(parts: HttpParts): Server {
  let open = 0
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => send(response, answerTo(parts, request)),
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
  readonly type: 'text/plain' | 'text/html'
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

function answerTo(parts: HttpParts, request: IncomingMessage): Answer {
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
    case '/':
      return { status: 200, type: 'text/html', body: PAGE }
    default:
      return { status: 404, type, body: 'There is nothing here\n' }
  }
}

function send(response: ServerResponse, { status, type, body, headers = {} }: Answer): void {
  response.writeHead(status, {
    ...SHARED_HEADERS,
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  // Node leaves the body out where the request was HEAD.
  response.end(body)
}
