/** Mail servers from npm that the tests and the bench run beside ours; they live in bench/ and are no part of the server. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

/** Give the folder of Haraka, undefined where it is not installed. */
export function harakaFolder(): string | undefined {
  const folder = join(ROOT, 'bench/node_modules/haraka')
  return existsSync(folder) ? folder : undefined
}

/** Install Haraka and smtp-server where they are missing; gives the reason where that fails. */
export function installNpmPeers(say: (line: string) => void): string | undefined {
  if (harakaFolder() !== undefined) return undefined
  say('Installing the npm peers (npm ci in bench/)')
  const { status, stderr, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--omit=optional'], {
    cwd: join(ROOT, 'bench'),
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return `Cannot install the npm peers: ${error?.message ?? stderr.trim().split('\n')[0] ?? ''}`
}
