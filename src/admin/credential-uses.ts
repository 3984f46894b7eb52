import type { Problem } from '#settings/problem.ts'
import { quote } from '#settings/problem.ts'
import type { Settings } from '#settings/schema.ts'

/** Name the rules of delivery.routes that log in by these credentials, as a reader of the settings finds them. */
export function routesThatUse(settings: Settings, credentials: string): readonly string[] {
  return settings.delivery.routes.flatMap((route, at) => (route.credentials === credentials ? [nameOf(route, at)] : []))
}

/** Give the rules of delivery.routes whose credentials nobody has set: what would go by them waits until somebody does. */
export function warnMissingCredentials(settings: Settings, known: ReadonlySet<string>): readonly Problem[] {
  return settings.delivery.routes.flatMap(({ credentials }, at) => {
    if (credentials === undefined || credentials === null || known.has(credentials)) return []
    const todo = `set them with: postern credentials set ${credentials} --user USER`
    return [
      {
        path: `delivery.routes[${at}].credentials`,
        says: `There are no credentials ${quote(credentials)}: mail by this way waits; ${todo}`,
      },
    ]
  })
}

function nameOf({ description }: { readonly description: string }, at: number): string {
  return `delivery.routes[${at}]${description === '' ? '' : ` (${quote(description)})`}`
}
