import { Fault } from '#base/fault.ts'
import { NAME_ENTRY } from '#settings/entries.ts'
import type { Login } from './contract.ts'
import type { OpenedSecret, Vault } from './vault.ts'

/** What may be told of credentials. */
export interface CredentialsLine {
  readonly name: string
  readonly user: string
  readonly changedAtMs: number
}

/** Logins for other servers, by the name that `delivery.routes` gives them. A password goes in and comes out for use alone. */
export interface Credentials {
  /** Keep a login under a name; gives `same` when it was so already. Rejects with a Fault for what is no name, user or password. */
  put(name: string, login: Login): Promise<'added' | 'changed' | 'same'>
  list(): Promise<readonly CredentialsLine[]>
  /** False when there was none of that name. */
  remove(name: string): Promise<boolean>
  /** Tell whether a login opens, and will after a restart; false also when there is none of that name. */
  isUsable(name: string): Promise<boolean>
  /** Give a login for use; rejects with a Fault when it cannot be opened. */
  loginOf(name: string): Promise<Login | undefined>
}

/** Keep logins for other servers in the vault. */
export function createCredentials(vault: Vault): Credentials {
  async function opened(name: string): Promise<OpenedSecret | undefined> {
    return (await vault.hasKey()) ? vault.open('credentials', name).catch(() => undefined) : undefined
  }

  return {
    async put(name, login) {
      check(name, login)
      const old = await vault.show('credentials', name)
      if (old !== undefined && userOf(old.open) === login.user) {
        // One that does not open is replaced: that is how it is mended.
        const kept = await opened(name)
        if (kept !== undefined && Buffer.from(kept.secret).toString() === login.password) return 'same'
      }
      await vault.put('credentials', name, {
        open: JSON.stringify({ user: login.user }),
        secret: Buffer.from(login.password),
      })
      return old === undefined ? 'added' : 'changed'
    },

    async list() {
      const kept = await vault.list('credentials')
      return kept.map(({ name, open, changedAtMs }) => ({ name, user: userOf(open), changedAtMs }))
    },

    remove: (name) => vault.remove('credentials', name),

    isUsable: async (name) => (await opened(name)) !== undefined,

    async loginOf(name) {
      const opened = await vault.open('credentials', name)
      if (opened === undefined) return undefined
      return { user: userOf(opened.open), password: Buffer.from(opened.secret).toString() }
    },
  }
}

/** What no login of any mechanism goes beyond. */
const MOST_OCTETS = 1024

function check(name: string, { user, password }: Login): void {
  // What `credentials` of `delivery.routes` takes.
  const parsed = NAME_ENTRY.parse(name)
  if (!parsed.ok) throw refuse(`${JSON.stringify(name.slice(0, 100))}: wanted ${parsed.wanted}`)
  // NUL parts the fields of AUTH PLAIN (RFC 4616 §2); a line's end could smuggle a command where POP3 is the way in.
  if (!isPlain(user)) throw refuse(`${name}: the user is empty, too long, or has a control character`)
  if (!isPlain(password)) throw refuse(`${name}: the password is empty, too long, or has a control character`)
}

function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text !== '' && Buffer.byteLength(text) <= MOST_OCTETS && !/[\0-\x1f\x7f]/.test(text)
}

function refuse(what: string): Fault {
  return new Fault(`Cannot keep the credentials ${what}`, { temporary: false })
}

function userOf(open: string): string {
  const { user } = JSON.parse(open) as { readonly user?: unknown }
  return typeof user === 'string' ? user : ''
}
