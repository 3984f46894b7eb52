import type { StoreEngine, StoreUnderTest } from './engine.ts'

/** Run a test on a new store, and close it whatever comes. */
export async function withStore(engine: StoreEngine, test: (under: StoreUnderTest) => Promise<void>): Promise<void> {
  const under = await engine.create()
  try {
    await test(under)
  } finally {
    await under.close()
  }
}
