import { SYSTEM_CLOCK } from '../clock.ts'
import { ProxyError } from '../errors.ts'
import { deadline } from '../standstill.ts'

/** Milliseconds a client waits for something that is only read. */
const READ_TIMEOUT_MS = 500

/**
 * What a query of the pool answers, if it does so in time: postgres.js has no query timeout.
 * @throws ProxyError ledger_unavailable
 */
export async function timely<T>(query: Promise<T>, timeoutMs = READ_TIMEOUT_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const cause = new Error(`Postgres did not answer within ${timeoutMs} ms`)
  const refuse = () => reject(new ProxyError('ledger_unavailable', { cause }))
  const cancel = deadline(SYSTEM_CLOCK, timeoutMs, refuse)
  try {
    return await Promise.race([query, late])
  } finally {
    cancel()
  }
}
