import { ledgerContract } from './contract.ts'
import { memoryEngine } from './memory.ts'

ledgerContract(memoryEngine)
