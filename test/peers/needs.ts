/** What a test needs of this machine; a test that lacks it is skipped with the reason. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const PLACES = ['/usr/bin', '/usr/sbin', '/bin', '/sbin']

/** Give the path of one of Debian's programs, undefined where it is not installed. */
export function programPath(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Give node:test's `skip`: false when all programs are there, else which Debian package to install. */
export function needs(programs: Readonly<Record<string, string>>): string | false {
  const missing = Object.entries(programs).filter(([program]) => programPath(program) === undefined)
  return (
    missing.length > 0 && `needs the Debian package ${missing.map(([, debianPackage]) => debianPackage).join(', ')}`
  )
}
