import { describe } from 'node:test'
import { backupContract } from './backup.ts'
import { blocksContract } from './blocks.ts'
import { contactsContract } from './contacts.ts'
import { decisionsContract } from './decisions.ts'
import { directoryContract } from './directory.ts'
import type { StoreEngine } from './engine.ts'
import { mailboxesContract } from './mailboxes.ts'
import { messagesContract } from './messages.ts'
import { queueContract } from './queue.ts'
import { queueModelContract } from './queue-model.ts'
import { queueSearchContract } from './queue-search.ts'
import { queueSettlementsContract } from './queue-settlements.ts'
import { queueTurnsContract } from './queue-turns.ts'
import { settingsContract } from './settings.ts'
import { transportContract } from './transport.ts'
import { vaultContract } from './vault.ts'

/** The suite that each engine of the store must pass, whole. */
export function storeContract(engine: StoreEngine): void {
  describe(`store on ${engine.name}`, () => {
    describe('messages', () => messagesContract(engine))
    describe('mailboxes', () => mailboxesContract(engine))
    describe('decisions', () => decisionsContract(engine))
    describe('settings versions', () => settingsContract(engine))
    describe('directory', () => directoryContract(engine))
    describe('queue', () => queueContract(engine))
    describe('queue turns', () => queueTurnsContract(engine))
    describe('queue settlements', () => queueSettlementsContract(engine))
    describe('queue search', () => queueSearchContract(engine))
    describe('queue beside a model', () => queueModelContract(engine))
    describe('vault', () => vaultContract(engine))
    describe('transport', () => transportContract(engine))
    describe('contacts', () => contactsContract(engine))
    describe('blocks', () => blocksContract(engine))
    describe('backup', () => backupContract(engine))
  })
}
