import type { Dispatcher } from 'undici'
import type { Answered, Heard } from '../../doctor/heard.ts'
import type { AuthHeader } from '../../doctor/observed.ts'
import type { UpstreamPools } from '../connect/pools.ts'
import { type UpstreamTarget, upstreamTarget } from '../target.ts'
import { withoutKey } from '../without-key.ts'
import { LIST_BYTES_MAX, probeCall } from './call.ts'

/** Milliseconds one call may take, and all of them. */
const CALL_MS = 30_000
export const EXAMINATION_MS = 120_000

/** Who is examined. */
export type Examined = {
  /** As it was given, with its query. */
  baseUrl: URL
  apiKey: string | null
  /** The header that carries the key, as far as anybody knows. */
  authHeader: AuthHeader
  source: UpstreamTarget['source']
}

/** A base URL to call, and the header that carries the key. */
export type Address = { baseUrl: string; authHeader: AuthHeader }

/** The calls of one examination: guarded like those of any provider, and bounded in time. */
export class ProbeSession {
  readonly #pools: UpstreamPools
  readonly #examined: Examined
  readonly #signal: AbortSignal
  readonly #startedAt = performance.now()
  #calls = 0

  constructor(pools: UpstreamPools, examined: Examined, signal: AbortSignal) {
    this.#pools = pools
    this.#examined = examined
    this.#signal = signal
  }

  get calls(): number {
    return this.#calls
  }

  get durationMs(): number {
    return performance.now() - this.#startedAt
  }

  /** POST to chat completions. @param isEnough breaks the call off */
  chat(address: Address, body: string, isEnough?: (answer: Answered) => boolean): Promise<Heard> {
    const isStream = body.includes('"stream":true')
    const accept = isStream ? 'text/event-stream' : 'application/json'
    return this.#call('POST', address, '/chat/completions', { accept, body, isEnough })
  }

  models(address: Address): Promise<Heard> {
    const bytesMax = LIST_BYTES_MAX
    return this.#call('GET', address, '/models', { accept: 'application/json', bytesMax })
  }

  #poolOf(target: UpstreamTarget): Dispatcher | Error {
    try {
      return this.#pools.of(target)
    } catch (refused) {
      return refused as Error
    }
  }

  async #call(
    method: 'GET' | 'POST',
    { baseUrl, authHeader }: Address,
    endpoint: string,
    options: {
      accept: string
      body?: string
      bytesMax?: number
      isEnough?: ((answer: Answered) => boolean) | undefined
    },
  ): Promise<Heard> {
    const { apiKey, source } = this.#examined
    const timeoutMs = Math.min(CALL_MS, EXAMINATION_MS - this.durationMs)
    if (timeoutMs <= 0 || this.#signal.aborted) {
      return { status: null, why: 'out_of_time', message: 'not asked: the time was up' }
    }
    const target = upstreamTarget('doctor', new URL(baseUrl), apiKey, source)
    const { accept, body = null, bytesMax, isEnough } = options
    const pool = this.#poolOf(target)
    if (pool instanceof Error) {
      return { status: null, why: 'address_refused', message: reasonOf(pool) }
    }
    this.#calls += 1
    const heard = await probeCall(pool, {
      method,
      path: target.pathOf(endpoint),
      headers: headersOf(accept, body, apiKey, authHeader),
      body,
      timeoutMs,
      signal: this.#signal,
      ...(bytesMax && { bytesMax }),
      ...(isEnough && { isEnough }),
    })
    return heard.status === null ? heard : { ...heard, body: withoutKey(heard.body, apiKey) }
  }
}

function reasonOf({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message : message
}

/** The same that go with a customer's request. */
function headersOf(
  accept: string,
  body: string | null,
  apiKey: string | null,
  authHeader: AuthHeader,
): Record<string, string> {
  const isBearer = authHeader === 'authorization'
  return {
    accept,
    'accept-encoding': 'identity',
    'user-agent': 'tollkeeper',
    ...(body !== null && { 'content-type': 'application/json' }),
    ...(apiKey !== null && { [authHeader]: isBearer ? `Bearer ${apiKey}` : apiKey }),
  }
}
