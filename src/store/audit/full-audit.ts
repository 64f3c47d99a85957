import postgres from 'postgres'
import { ProxyError } from '../../errors.ts'
import { isCancelled } from '../sqlstate.ts'
import { type Audit, auditLedger } from './audit.ts'

/** Milliseconds an audit of everything may take: 30 minutes, for a ledger of any size. */
const AUDIT_TIMEOUT_MS = 1_800_000

/** Seconds Postgres has to cancel an audit that nobody waits for, before its connection is cut. */
const CANCEL_TIMEOUT_S = 5

/** Milliseconds between two looks of Postgres at whether its client is still there. */
const CLIENT_CHECK_MS = 1_000

const TOO_LONG = 'The audit was given up: it took longer than it may.'

/**
 * Audits of everything, one at a time, each on a connection of its own: it may take minutes, and
 * keeps neither money nor the rest of the admin API waiting.
 */
export class FullAudit {
  readonly #options: postgres.Options<Record<string, never>>
  readonly #url: string
  #turn: Promise<unknown> = Promise.resolve()

  constructor(url: string, timeoutMs = AUDIT_TIMEOUT_MS) {
    this.#url = url
    const connection = { application_name: 'tollkeeper-audit-all', statement_timeout: timeoutMs }
    this.#options = { max: 1, connection, fetch_types: false, onnotice: () => {} }
  }

  /**
   * Waits for its turn, and audits everything.
   * @throws the reason of the signal; ProxyError internal_error where it took too long
   */
  run(signal: AbortSignal): Promise<Audit> {
    const audit = this.#turn.then(() => this.#audit(signal))
    this.#turn = audit.catch(() => {})
    return audit
  }

  async #audit(signal: AbortSignal): Promise<Audit> {
    signal.throwIfAborted()
    const client = postgres(this.#url, this.#options)
    const leave = () => client.end({ timeout: CANCEL_TIMEOUT_S })
    signal.addEventListener('abort', leave, { once: true })
    try {
      await watchClient(client)
      return await auditLedger(client, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!isCancelled(error)) throw error
      throw new ProxyError('internal_error', { message: TOO_LONG, cause: error })
    } finally {
      await leave()
    }
  }
}

/**
 * A cancel that comes a moment before its statement is lost: then Postgres ends the statement
 * once its connection is cut. There are systems on which Postgres can not tell that, and refuses.
 */
async function watchClient(client: postgres.Sql): Promise<void> {
  const interval = String(CLIENT_CHECK_MS)
  const set = client`select set_config('client_connection_check_interval', ${interval}, false)`
  await set.catch(() => {})
}
