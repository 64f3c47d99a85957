import { randomUUID } from 'node:crypto'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

export type Answer = {
  status: number
  headers: Headers
  body: Buffer
  requestId: string
  /** The request whose answer it is; null where it is its own. */
  replayOf: string | null
}

/** A question to a card of the sandbox. */
export function ask(model: string, stream = false, sandbox: object = {}) {
  return { model, stream, messages: [{ role: 'user', content: 'Hello there' }], sandbox }
}

export const newKey = () => `order-${randomUUID()}`

/** Sends a question under an Idempotency-Key and takes the whole answer. */
export async function sendOnce(
  proxy: Tollkeeper,
  apiKey: string,
  idempotencyKey: string,
  body: object,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await proxy.chat(apiKey, body, {
    ...init,
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    },
  })
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
    requestId: response.headers.get('x-request-id') as string,
    replayOf: response.headers.get('x-tollkeeper-replay-of'),
  }
}

/** The code of an error answer. */
export const codeOf = ({ body }: Answer): string => JSON.parse(body.toString()).error.code

/** Sends it again until no other request has the key. */
export function sendUntilFree(...call: Parameters<typeof sendOnce>): Promise<Answer> {
  return eventually(async () => {
    const answer = await sendOnce(...call)
    return answer.status === 409 ? undefined : answer
  })
}

/** What was taken from an account so far, in credits. */
export async function spentBy(proxy: Tollkeeper, apiKey: string): Promise<string> {
  const response = await fetch(`${proxy.url}/credits`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  return ((await response.json()) as any).data.total_usage
}
