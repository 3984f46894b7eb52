/** What Postfix wants on disk to run without being installed: its table of services, and its queue. Tests and bench share it. */
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DAEMON, GAMES, NOBODY } from './debian-users.ts'

/** Write master.cf: every service that mail needs, listening on `ADDRESS:PORT`. */
export function formatMasterCf(listen: string): string {
  const service = (name: string, type: string, isPrivate: string, wakeup: string, limit: string, program: string) =>
    // Only virtual needs root: it writes as the mailbox's user.
    [name, type, isPrivate, program === 'virtual' ? 'n' : '-', 'n', wakeup, limit, program].join(' ')
  return `${[
    service(listen, 'inet', 'n', '-', '-', 'smtpd'),
    service('pickup', 'unix', 'n', '60', '1', 'pickup'),
    service('cleanup', 'unix', 'n', '-', '0', 'cleanup'),
    service('qmgr', 'unix', 'n', '300', '1', 'qmgr'),
    service('tlsmgr', 'unix', '-', '1000?', '1', 'tlsmgr'),
    service('rewrite', 'unix', '-', '-', '-', 'trivial-rewrite'),
    service('bounce', 'unix', '-', '-', '0', 'bounce'),
    service('defer', 'unix', '-', '-', '0', 'bounce'),
    service('trace', 'unix', '-', '-', '0', 'bounce'),
    service('verify', 'unix', '-', '-', '1', 'verify'),
    service('smtp', 'unix', '-', '-', '-', 'smtp'),
    service('relay', 'unix', '-', '-', '-', 'smtp'),
    service('error', 'unix', '-', '-', '-', 'error'),
    service('retry', 'unix', '-', '-', '-', 'error'),
    service('discard', 'unix', '-', '-', '-', 'discard'),
    service('proxymap', 'unix', '-', '-', '-', 'proxymap'),
    service('virtual', 'unix', '-', '-', '-', 'virtual'),
    service('anvil', 'unix', '-', '-', '1', 'anvil'),
    service('scache', 'unix', '-', '-', '1', 'scache'),
    service('postlog', 'unix-dgram', 'n', '-', '1', 'postlogd'),
  ].join('\n')}\n`
}

/** Make the queue, data and mail folders under `dir`, owned as Postfix checks them. */
export function makePostfixQueue(dir: string): void {
  const queue = join(dir, 'queue')
  mkdirSync(queue)
  const own = [
    'active',
    'bounce',
    'corrupt',
    'defer',
    'deferred',
    'flush',
    'hold',
    'incoming',
    'private',
    'saved',
    'trace',
  ]
  for (const name of own) {
    mkdirSync(join(queue, name), { mode: 0o700 })
    chownSync(join(queue, name), DAEMON.uid, 0)
  }
  for (const [name, mode] of [
    ['maildrop', 0o1730],
    ['public', 0o710],
  ] as const) {
    mkdirSync(join(queue, name))
    chmodSync(join(queue, name), mode)
    chownSync(join(queue, name), DAEMON.uid, GAMES.gid)
  }
  mkdirSync(join(queue, 'pid'), { mode: 0o755 })
  mkdirSync(join(dir, 'data'), { mode: 0o700 })
  chownSync(join(dir, 'data'), DAEMON.uid, DAEMON.gid)
  mkdirSync(join(dir, 'mail'))
  chownSync(join(dir, 'mail'), NOBODY.uid, NOBODY.gid)
}
