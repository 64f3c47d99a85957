import { SYSTEM_CLOCK } from '../clock.ts'
import { ProxyError } from '../errors.ts'
import { inTime } from '../standstill.ts'

/** Milliseconds a client waits for something that is only read. */
const READ_TIMEOUT_MS = 500

/**
 * What a query of the pool answers, if it does so in time: postgres.js has no query timeout.
 * @throws ProxyError ledger_unavailable
 */
export function timely<T>(query: Promise<T>, timeoutMs = READ_TIMEOUT_MS): Promise<T> {
  return inTime(SYSTEM_CLOCK, timeoutMs, query, () => {
    const cause = new Error(`Postgres did not answer within ${timeoutMs} ms`)
    throw new ProxyError('ledger_unavailable', { cause })
  })
}
