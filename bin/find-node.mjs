// Plain JavaScript for any Node since 20: this runs before the right one is found.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 26

/**
 * Find a Node that can run Postern: the one that runs now when it is new enough, else the one pinned in package.json.
 *
 * @returns {{ node: string } | { problem: string }} The path of the program, or one line that says what to do.
 */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return { node: process.execPath }

  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(pinned)) return { node: pinned }

  return {
    problem: `Postern needs Node ${NEEDED} or newer, and this is Node ${process.versions.node}: install it from https://nodejs.org/, or run "npm ci" in ${root}`,
  }
}
