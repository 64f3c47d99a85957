import type { SandboxCall } from '../../src/sandbox/index.ts'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import type { Sent } from './samples.ts'

/** What a request was answered, what is on record of it, and what the upstream knows. */
export type Run = {
  requestId: string
  status: number
  headers: Headers
  bytes: Buffer
  text: string
  record: any
  truth: SandboxCall | undefined
  account: { posted: string; held: string }
}

/** Sends a request below /v1 with a key. */
export function send(proxy: Tollkeeper, key: string, path: string, body: Sent, init?: RequestInit) {
  const isForm = body instanceof FormData
  return fetch(`${proxy.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      ...(isForm ? {} : { 'content-type': 'application/json' }),
    },
    body: isForm || typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  })
}

/** Sends a request for a customer of its own, and waits until it is settled. */
export async function run(
  proxy: Tollkeeper,
  path: string,
  body: Sent,
  credits = '1000',
): Promise<Run> {
  const { key, accountId } = await proxy.customer(credits)
  const response = await send(proxy, key, path, body)
  const bytes = Buffer.from(await response.arrayBuffer().catch(() => new ArrayBuffer(0)))
  const requestId = response.headers.get('x-request-id') as string
  const record = await proxy.settled(requestId)
  return {
    requestId,
    status: response.status,
    headers: response.headers,
    bytes,
    text: bytes.toString(),
    record,
    truth: proxy.sandbox.calls.get(requestId),
    account: (await proxy.admin('GET', `/accounts/${accountId}`)).body,
  }
}

/** The data of the events of a stream, and their names where they have any. */
export function eventsOf(text: string): { name: string | null; data: any }[] {
  const blocks = text.split('\n\n').filter((block) => block !== '' && !block.startsWith(':'))
  return blocks.map((block) => {
    const name = /^event: (.*)$/m.exec(block)?.[1] ?? null
    const data = /^data: (.*)$/m.exec(block)?.[1] ?? ''
    return { name, data: data === '[DONE]' ? data : JSON.parse(data) }
  })
}

/** Credits of so many tokens at the fallback rate: 10 credits per 1,000. */
export function creditsOf(tokens: number): string {
  return String(tokens / 100)
}

type Usd = { input: string; output: string; request?: string; tools?: Record<string, string> }

/** Enters a price of a model of the environment's provider, and waits until it counts. */
export async function setPrice(proxy: Tollkeeper, model: string, usd: Usd): Promise<void> {
  await proxy.admin('POST', '/prices', { provider: 'openai', model, ...usd })
  await eventually(() => {
    const price = proxy.app.database.catalogue().priceAt('openai', model, new Date())
    return price !== null || undefined
  })
}

/** A request whose client leaves at a moment of its own. */
export async function begin(proxy: Tollkeeper, key: string, path: string, body: Sent) {
  const client = new AbortController()
  const response = await send(proxy, key, path, body, { signal: client.signal })
  const reader = response.body?.getReader()
  let text = ''
  return {
    response,
    requestId: response.headers.get('x-request-id') as string,
    /** Reads until a text has come. */
    async until(part: string): Promise<void> {
      while (!text.includes(part)) {
        const { value, done } = (await reader?.read()) ?? { done: true }
        if (done) throw new Error(`the answer ended without ${part}: ${text}`)
        text += Buffer.from(value as Uint8Array).toString('latin1')
      }
    },
    leave: () => client.abort(),
  }
}
