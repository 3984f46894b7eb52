import { isAbsolute } from 'node:path'
import type { BackupMade } from '../api.ts'
import { Problem } from '../problem.ts'
import { object, type Route, textUpTo } from '../route.ts'

export const BACKUP_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/backup',
    body: object({ file: textUpTo(4096) }, ['file']),
    async run({ body }, { store }): Promise<BackupMade> {
      const { file } = body as { file: string }
      if (!isAbsolute(file) || file.includes('\0')) {
        throw new Problem(400, `Cannot write the backup to ${JSON.stringify(file)}: expected an absolute path`)
      }
      const { bytes } = await store.backup(file)
      return { file, bytes }
    },
  },
]
