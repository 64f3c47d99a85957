import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** A chat completion as its client saw it. */
export type Answer = {
  status: number
  code: string | null
  type: string | null
  message: string | null
  headers: Headers
}

type Settings = {
  requests_per_minute?: number
  tokens_per_minute?: number
  concurrency?: number
  /** Of a tier. */
  hold_output_tokens?: number
  /** Of a key. */
  spend_limit?: string
  spend_period?: 'day' | 'month' | 'total'
}

/** Makes a tier, or changes it, and waits until the instances know it. */
export async function putTier(
  proxies: Tollkeeper[],
  name: string,
  settings: Settings,
): Promise<void> {
  const [first] = proxies
  await first?.admin('PUT', `/tiers/${name}`, settings)
  const { requests_per_minute: perMinute = null, tokens_per_minute: tokens = null } = settings
  const { concurrency = null } = settings
  await eventually(() =>
    proxies.every(({ app }) => {
      const tier = app.database.catalogue().tiers.get(name)
      const { requestsPerMinute, tokensPerMinute } = tier ?? {}
      const isKnown = requestsPerMinute === perMinute && tokensPerMinute === tokens
      return isKnown && tier?.concurrency === concurrency
    }),
  )
}

/** Another key of an account, with limits of its own. @returns the key */
export async function newKey(
  proxy: Tollkeeper,
  accountId: string,
  limits: Settings = {},
): Promise<{ id: string; key: string }> {
  const { body } = await proxy.admin('POST', `/accounts/${accountId}/keys`, limits)
  return { id: body.id, key: body.key }
}

export const request = (more: object = {}) => ({
  model: 'sandbox-echo',
  messages: [{ role: 'user', content: 'Hello there' }],
  max_tokens: 10,
  ...more,
})

/** Sends a request to its end. */
export async function send(proxy: Tollkeeper, key: string, body = request()): Promise<Answer> {
  const response = await proxy.chat(key, body)
  const text = await response.text()
  const { status, headers } = response
  const error = status === 200 ? null : JSON.parse(text).error
  const { code = null, type = null, message = null } = error ?? {}
  return { status, code, type, message, headers }
}

/** Sends so many at once, in turn to each instance; `answered` grows while they end. */
export function sendMany(count: number, proxies: Tollkeeper[], key: string, body = request()) {
  const answered: Answer[] = []
  const all = Array.from({ length: count }, async (_, index) => {
    const proxy = proxies[index % proxies.length] as Tollkeeper
    const answer = await send(proxy, key, body)
    answered.push(answer)
    return answer
  })
  return { answered, all: Promise.all(all) }
}

/** Requests that a limit may let in while so many milliseconds pass, beyond a full bucket. */
export const refill = (perMinute: number, elapsedMs: number) =>
  Math.floor((elapsedMs * perMinute) / 60_000)

/** Waits for the next UTC day where this one ends so soon that a spending period could end too. */
export async function dayGoesOn(sql: Tollkeeper['sql']): Promise<void> {
  await eventually(async () => {
    const [row] = await sql`
      select (clock_timestamp() at time zone 'UTC')::time < '23:59:30' as goes_on`
    return row?.goes_on
  }, 40)
}

export const limitHeaders = ({ headers }: Answer, of: 'requests' | 'tokens' = 'requests') => ({
  limit: headers.get(`x-ratelimit-limit-${of}`),
  remaining: headers.get(`x-ratelimit-remaining-${of}`),
  reset: headers.get(`x-ratelimit-reset-${of}`),
})

/** Nothing of the account is held, and it has paid for so many requests: 6 tokens each. */
export async function expectPaidFor(
  proxy: Tollkeeper,
  accountId: string,
  credits: number,
  requests: number,
): Promise<void> {
  const left = String(Math.round(credits * 100 - requests * 6) / 100)
  await eventually(async () => {
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    return (body.held === '0' && body.posted === left) || undefined
  })
}
