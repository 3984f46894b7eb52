/** Debian packages that the tests' real clients and peers come from: what is missing, installed or only unpacked. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

/** What the tests in test/peers need installed. */
export const CLIENT_PACKAGES: readonly string[] = [
  'swaks',
  // Without these, swaks has no TLS and no AUTH beyond PLAIN.
  'libnet-ssleay-perl',
  'libio-socket-ssl-perl',
  'libauthen-sasl-perl',
  'msmtp',
  'curl',
  'mutt',
  'fetchmail',
  'mpop',
  'getmail6',
  'python3',
  'openssl',
  // What an attacker would try first.
  'nmap',
  // Networks of the tests' own: addresses that are strangers', NAT.
  'iproute2',
  'nftables',
  // Mailboxes that mail goes to over LMTP, and logins that other servers ask about.
  'dovecot-core',
  'dovecot-pop3d',
  'dovecot-lmtpd',
]

/** What is unpacked for the tests in test/peers. */
export const PEER_PACKAGES: readonly string[] = ['postfix', 'exim4-daemon-light', 'opensmtpd', 'nsd', 'knot', 'unbound']

/** Mail servers exclude one another as packages, and start by themselves: they are unpacked, never installed. */
const PEERS_DIR = join(ROOT, '.work/peers')

type Said = (line: string) => void

/** Tell whether this is a Debian that can be asked for packages. */
export function hasApt(): boolean {
  return existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-query')
}

/** List which of the packages are not installed. */
export function missingPackages(packages: readonly string[]): readonly string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg's placeholders
  const format = '${db:Status-Status} ${Package}\\n'
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], { encoding: 'utf8' })
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  )
  return packages.filter((name) => !installed.has(name))
}

/** Install packages without a question and without starting a service; gives the reason where that fails. Needs root. */
export function installPackages(packages: readonly string[], say: Said): string | undefined {
  say(`Installing Debian packages: ${packages.join(' ')}`)
  return withoutServices(() => {
    const args = ['install', '--yes', '--no-install-recommends', ...packages]
    if (apt(args) === undefined) return undefined
    // The usual reason is that the lists are missing or old.
    say('Refreshing the package lists (apt-get update)')
    return apt(['update']) ?? apt(args)
  })
}

/**
 * Unpack a mail server and the libraries that this machine lacks for it into a folder of the tests, and give the folder.
 * Nothing is installed, configured or started.
 */
export function unpackPeer(name: string, say: Said): { readonly dir: string } | { readonly problem: string } {
  const dir = join(PEERS_DIR, name)
  const done = join(dir, '.unpacked')
  if (existsSync(done)) return { dir }

  say(`Unpacking the Debian package ${name} into .work/peers/${name}`)
  let wanted = simulatedInstall(name)
  let problem = wanted === undefined ? 'unknown package' : download(wanted, dir)
  if (problem !== undefined && process.getuid?.() === 0) {
    say('Refreshing the package lists (apt-get update)')
    problem = apt(['update'])
    wanted = simulatedInstall(name)
    problem ??= wanted === undefined ? 'unknown package' : download(wanted, dir)
  }
  if (problem !== undefined) return { problem: `cannot download the Debian package ${name}: ${problem}` }

  for (const file of globSync('*.deb', { cwd: dir })) {
    const { status, stderr } = spawnSync('dpkg', ['-x', file, '.'], { cwd: dir, encoding: 'utf8' })
    if (status !== 0) return { problem: `cannot unpack ${file}: ${stderr.trim()}` }
    rmSync(join(dir, file))
  }
  writeFileSync(done, '')
  return { dir }
}

/** Give the folder of a peer that `npm test` has unpacked, undefined where there is none. */
export function unpackedPeer(name: string): string | undefined {
  const dir = join(PEERS_DIR, name)
  return existsSync(join(dir, '.unpacked')) ? dir : undefined
}

/** The package and all that would have to be installed with it; undefined where apt does not know it. */
function simulatedInstall(name: string): readonly string[] | undefined {
  const { status, stdout } = spawnSync('apt-get', ['install', '--simulate', '--no-install-recommends', name], {
    encoding: 'utf8',
    env: aptEnvironment(),
  })
  if (status !== 0) return undefined
  const packages = [...stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string)
  return packages.includes(name) ? packages : [...packages, name]
}

function download(packages: readonly string[], dir: string): string | undefined {
  mkdirSync(dir, { recursive: true })
  return apt(['download', ...packages], dir)
}

function apt(args: readonly string[], cwd = ROOT): string | undefined {
  // apt waits for another apt that holds the lock, for a while.
  const { status, stderr, error } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    cwd,
    encoding: 'utf8',
    env: aptEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (error !== undefined) return error.message
  if (status === 0) return undefined
  return stderr.split('\n').find((line) => line.startsWith('E:')) ?? `apt-get ended with ${status}`
}

function aptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
}

/** Keep a package's scripts from starting its service while `install` runs. */
function withoutServices<T>(install: () => T): T {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return install()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n')
  chmodSync(policy, 0o755)
  try {
    return install()
  } finally {
    rmSync(policy, { force: true })
  }
}
