import { createServer, type Server } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import { LOOPBACK, normalizeIp } from '#base/network-set.ts'
import { printable } from '#base/printable.ts'
import { openRelayWarning, WARNING_HEADER } from './open-relay-warning.ts'
import type { AdminParts } from './parts.ts'
import { replyTo } from './problem.ts'
import type { Asked, Route } from './route.ts'
import { ROUTES } from './routes.ts'

const USUAL_BYTES = 1024 * 1024
const MOST_AUTHOR = 100

/** The administration's HTTP interface, not yet listening: `listenOnSocket` lets it. */
export interface Admin {
  /** Answer requests of this server from now on; resolves when it can. */
  ready(): Promise<Server>
  /** The application itself, for tests (`inject`). */
  readonly app: FastifyInstance
}

/** Build the administration's HTTP interface over the parts of a running server. It trusts whoever may connect to it. */
export function createAdmin(parts: AdminParts, routes: readonly Route[] = ROUTES): Admin {
  let server: Server | undefined
  const app = fastify({
    logger: false,
    bodyLimit: USUAL_BYTES,
    // Names and values beyond the schema are an error, not something to drop or to bend in silence.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: false } },
    routerOptions: { maxParamLength: 1024 },
    serverFactory(handler) {
      server = createServer(handler)
      return server
    },
  })

  app.setErrorHandler(async (error, request, reply) => {
    const { status, body, ours } = replyTo(error)
    if (ours) parts.events.faulted({ what: `administration: ${request.method} ${request.routeOptions.url}`, error })
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({
      error: `There is nothing at ${request.method} ${printable(request.url, 200)}`,
      todo: 'Are command and server of the same version?',
    }),
  )
  app.addHook('onSend', async (_request, reply) => {
    const warning = openRelayWarning(parts.settings.current().settings)
    if (warning !== undefined) reply.header(WARNING_HEADER, encodeURIComponent(warning))
  })
  for (const route of routes) addRoute(app, route, parts)

  return {
    app,
    async ready() {
      await app.ready()
      if (server === undefined) throw new Error('fastify did not ask for its server')
      return server
    },
  }
}

function addRoute(app: FastifyInstance, route: Route, parts: AdminParts): void {
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.mostBytes ?? USUAL_BYTES,
    schema: {
      querystring: route.query ?? { type: 'object', additionalProperties: false, properties: {} },
      ...(route.body === undefined ? {} : { body: route.body }),
    },
    async handler(request, reply) {
      const clientIp = clientOf(request.headers['x-postern-client'])
      if (clientIp !== undefined) await noteAdministrator(clientIp, parts)
      const asked: Asked = {
        params: request.params as Record<string, string>,
        query: request.query as Record<string, unknown>,
        body: request.body,
        author: authorOf(request.headers['x-postern-author']),
        ...(clientIp === undefined ? {} : { clientIp }),
      }
      const answer = await route.run(asked, parts)
      return reply.header('cache-control', 'no-store').send(answer ?? {})
    },
  })
}

/** The label a command sends along. The socket decides who may connect; this only says who it was. */
function authorOf(header: string | string[] | undefined): string {
  if (typeof header !== 'string' || header === '') return 'postern'
  try {
    return printable(decodeURIComponent(header), MOST_AUTHOR)
  } catch {
    return 'postern'
  }
}

/** The address that a command was called from; undefined for what is no address, or is this machine's own. */
function clientOf(header: string | string[] | undefined): string | undefined {
  const ip = typeof header === 'string' ? normalizeIp(header.trim()) : undefined
  // Who comes from this machine to itself is here: that says nothing of where the administrator sits.
  return ip === undefined || LOOPBACK.has(ip) ? undefined : ip
}

/** Remember where the administrator sits. A store that cannot keep it must not stop the command that would mend it. */
async function noteAdministrator(ip: string, parts: AdminParts): Promise<void> {
  if (parts.administratorAddress() === ip) return
  try {
    await parts.administratorAt(ip)
  } catch (error) {
    parts.events.faulted({ what: 'administration: remembering where the administrator sits', error })
  }
}
