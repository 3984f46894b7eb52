/** Servers that insist on being installed: they see the machine as if they were, and the machine does not see them. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needsPeers, peerFolder } from './program.ts'

export interface User {
  readonly name: string
  readonly uid: number
}

/** Give node:test's `skip` for servers that run this way: these peers, root, and the right to mount. */
export function needsInstalled(...names: readonly string[]): string | false {
  const missing = needsPeers(...names)
  if (missing !== false) return missing
  const lower = `lowerdir=${peerFolder(names[0] as string)}/usr:/usr`
  const { status } = spawnSync('unshare', ['-m', 'mount', '-t', 'overlay', 'overlay', '-o', lower, '/usr'])
  return status !== 0 && `needs the right to mount, for ${names.join(' and ')} to look installed`
}

/**
 * Give a command that runs another in a mount namespace of its own, in which the unpacked package lies over /usr, these users are
 * there as well, and these folders are empty and its own. It becomes that other command: its pid is the same.
 */
export function asInstalled(
  options: {
    readonly root: string
    /** Where its list of users may be written. */
    readonly dir: string
    readonly users: readonly User[]
    /** Folders to be empty and the server's own, so that what follows can be made in them. */
    readonly empty: readonly string[]
    readonly folders: readonly { readonly path: string; readonly mode: string; readonly owner: string }[]
    /** Copies of files, for everyone to read. */
    readonly files?: readonly { readonly path: string; readonly from: string }[]
  },
  command: readonly string[],
): readonly string[] {
  const { root, dir, users, empty, folders } = options
  const etc = join(dir, 'etc')
  mkdirSync(etc, { recursive: true })
  const extend = (file: string, line: (user: User) => string) =>
    writeFileSync(join(etc, file), readFileSync(join('/etc', file), 'utf8') + users.map(line).join(''))
  extend('passwd', ({ name, uid }) => `${name}:x:${uid}:${uid}::/:/usr/sbin/nologin\n`)
  extend('group', ({ name, uid }) => `${name}:x:${uid}:\n`)
  const script = [
    'set -e',
    `mount -t overlay overlay -o lowerdir=${root}/usr:/usr /usr`,
    ...['passwd', 'group'].map((file) => `mount --bind ${join(etc, file)} /etc/${file}`),
    ...empty.map((path) => `mount -t tmpfs -o mode=755 tmpfs ${path}`),
    ...folders.map(({ path, mode, owner }) => `install -d -m ${mode} -o ${owner} ${path}`),
    ...(options.files ?? []).map(({ path, from }) => `install -m 644 ${from} ${path}`),
    'exec "$@"',
  ]
  return ['unshare', '-m', 'sh', '-c', script.join('\n'), 'sh', ...command]
}
