import { storeContract } from './contract.ts'
import { sqliteEngine } from './sqlite.ts'

storeContract(sqliteEngine())
