import { databaseError } from './store/sqlstate.ts'

/**
 * Does one step of the start.
 * @param what is wrong when it fails, with the variable that decides it
 * @throws Error with one sentence: what, and the reason
 */
export async function startStep<T>(what: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (cause) {
    throw new Error(`${what}: ${reasonOf(cause)}`, { cause })
  }
}

/** What went wrong in one sentence; a connection that failed everywhere says so in its parts. */
export function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [databaseError(error)]
  return first instanceof Error ? first.message : String(first)
}
