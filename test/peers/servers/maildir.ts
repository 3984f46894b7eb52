import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Read the messages of a Maildir, oldest first, as its server wrote them (LF); none where it is not there yet. */
export function readMaildir(dir: string): readonly Buffer[] {
  return ['new', 'cur'].flatMap((folder) => {
    const path = join(dir, folder)
    if (!existsSync(path)) return []
    return readdirSync(path)
      .sort()
      .map((name) => readFileSync(join(path, name)))
  })
}
