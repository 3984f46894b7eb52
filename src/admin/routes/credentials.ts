import { routesThatUse } from '../credential-uses.ts'
import type { AdminParts } from '../parts.ts'
import { notFound, Problem } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'
import type { CredentialsBody, CredentialsLine, CredentialsSaved } from '../secrets-api.ts'

const TEXT = textUpTo(1024)

async function listOf({ credentials, settings }: AdminParts): Promise<readonly CredentialsLine[]> {
  const current = settings.current().settings
  const kept = await credentials.list()
  return kept.map(({ name, user, changedAtMs }) => ({
    name,
    user,
    changed: new Date(changedAtMs).toISOString(),
    routes: routesThatUse(current, name),
  }))
}

export const CREDENTIAL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/credentials',
    run: async (_asked, parts) => listOf(parts),
  },
  {
    method: 'PUT',
    path: '/api/credentials/:name',
    body: object({ user: TEXT, password: TEXT }, ['user', 'password']),
    async run({ params: { name = '' }, body }, parts): Promise<CredentialsSaved> {
      const is = await parts.credentials.put(name, body as CredentialsBody)
      // What waits for these may go now.
      if (is !== 'same') parts.delivery.lookAgain()
      const line = (await listOf(parts)).find((kept) => kept.name === name)
      if (line === undefined) throw notFound('set of credentials', name)
      return { ...line, is }
    },
  },
  {
    method: 'DELETE',
    path: '/api/credentials/:name',
    async run({ params: { name = '' } }, parts): Promise<unknown> {
      const uses = routesThatUse(parts.settings.current().settings, name)
      // What does not open serves no rule, and stands in the way of a new key.
      if (uses.length > 0 && (await parts.credentials.isUsable(name))) {
        const what = `Cannot remove the credentials ${JSON.stringify(name)}: ${uses.join(', ')} logs in by them`
        throw new Problem(409, what, 'Change the rule first: postern settings get delivery.routes')
      }
      if (!(await parts.credentials.remove(name))) {
        throw notFound('set of credentials', name, 'List them with: postern credentials list')
      }
      parts.delivery.lookAgain()
      return { removed: name }
    },
  },
]
