import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reasonOf } from './report-reason.ts'
import type { Reason } from './report-words/words.ts'

test('what a status code tells a layman', () => {
  const cases: readonly (readonly [status: string, Reason])[] = [
    ['5.1.1', 'noSuchAddress'],
    ['5.1.2', 'noSuchDomain'],
    ['4.4.4', 'noSuchDomain'],
    ['5.1.6', 'addressMoved'],
    ['5.1.10', 'takesNoMail'],
    ['5.2.1', 'mailboxDisabled'],
    ['4.2.2', 'mailboxFull'],
    ['5.2.3', 'tooBig'],
    ['5.3.4', 'tooBig'],
    ['5.5.3', 'tooManyRecipients'],
    ['4.4.1', 'unreachable'],
    ['4.4.99', 'unreachable'],
    ['4.4.7', 'expired'],
    ['5.4.6', 'loop'],
    ['5.6.7', 'internationalAddress'],
    ['5.6.3', 'content'],
    ['5.7.1', 'refused'],
    ['5.7.26', 'refused'],
    ['5.7.2', 'listMembersOnly'],
    ['5.7.30', 'unencrypted'],
    ['4.7.5', 'unencrypted'],
    ['4.3.5', 'serverTrouble'],
    ['5.0.0', 'other'],
    ['5.5.1', 'other'],
    ['9.1.1', 'other'],
    ['', 'other'],
    ['5.__proto__.constructor', 'other'],
    ['5.1.1\r\n', 'other'],
  ]
  assert.equal(reasonOf('5.7.0'), 'refused')
  assert.equal(reasonOf('5.7.0', true), 'sentBack')
  for (const [status, reason] of cases) assert.equal(reasonOf(status), reason, status)
})
