import { Agent, request } from 'undici'
import { type Customer, eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

export const REQUESTS = 500

export type Decision = { status: number; code: string | null; text: string }

/** Sends the requests at once, each over a connection of its own, in turn to each proxy. */
export function sendBurst(proxies: Tollkeeper[], key: string, body: unknown) {
  const dispatcher = new Agent({ connections: REQUESTS, pipelining: 1 })
  const refused: Decision[] = []
  const decisions = Array.from({ length: REQUESTS }, async (_, index) => {
    const proxy = proxies[index % proxies.length] as Tollkeeper
    const response = await request(`${proxy.url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      dispatcher,
    })
    const text = await response.body.text()
    const status = response.statusCode
    const decision = { status, code: status === 200 ? null : JSON.parse(text).error.code, text }
    if (status !== 200) refused.push(decision)
    return decision
  })
  return {
    /** What was refused so far. */
    refused,
    answers: Promise.all(decisions).finally(() => dispatcher.close()),
  }
}

/** Reads what is available to an account over and over, until told to stop; tells the least. */
export function watchAvailable({ sql }: Tollkeeper, { accountId }: Customer) {
  let watching = true
  const least = (async () => {
    let lowest: bigint | null = null
    while (watching) {
      const [row] = await sql<{ available: string }[]>`
        select posted - held as available from accounts where id = ${accountId.slice(4)}`
      const available = BigInt(row?.available as string)
      if (lowest === null || available < lowest) lowest = available
    }
    return lowest
  })()
  return {
    stop() {
      watching = false
      return least
    },
  }
}

/** What one such request holds, in micro-credits: asked of the record of one. */
export async function holdOf(proxy: Tollkeeper, body: unknown): Promise<bigint> {
  const { key } = await proxy.customer('1000')
  const response = await proxy.chat(key, body)
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  const [row] = await proxy.sql<{ hold: string }[]>`select hold from requests where id = ${id}`
  return BigInt(row?.hold as string)
}

/** Waits until no request of the account holds credits any more. */
export async function nothingHeld(proxy: Tollkeeper, { accountId }: Customer): Promise<void> {
  await eventually(async () => {
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    return body.held === '0' ? true : undefined
  })
}
