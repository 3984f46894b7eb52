import { describe } from 'node:test'
import { countingContract } from './counting.ts'
import type { LedgerEngine } from './engine.ts'
import { fullnessContract } from './fullness.ts'
import { modelContract } from './model.ts'
import { survivalContract } from './survival.ts'

/** The suite that each engine of the ledger must pass, whole. */
export function ledgerContract(engine: LedgerEngine): void {
  describe(`ledger in ${engine.name}`, () => {
    describe('counting', () => countingContract(engine))
    describe('against an exact model', () => modelContract(engine))
    describe('fullness', () => fullnessContract(engine))
    describe('survival', () => survivalContract(engine))
  })
}
