import type { Stage } from './checks/check.ts'
import { type Customer, newCustomer } from './customer.ts'

/** What came of one call. */
export type Answer = {
  status: number
  requestId: string
  text: string
  /** Of a whole answer. */
  json: any
  /** The events of a stream, without `[DONE]`. */
  events: any[]
  hasDone: boolean
}

type Where = { origin: string; key: string | null }

/** Time for one answer, in ms. */
const ANSWER_MS = 60_000

/** Calls Tollkeeper with the key of a customer; the tap begins anew. */
export async function ask(
  stage: Stage,
  path: string,
  body: object,
  customer?: Customer,
): Promise<Answer> {
  const { key } = customer ?? (await newCustomer(stage))
  stage.tap.forget()
  return await post({ origin: stage.server.origin, key }, path, body)
}

/** Calls the upstream itself. */
export function askDirectly({ upstream }: Stage, path: string, body: object): Promise<Answer> {
  return post({ origin: `http://127.0.0.1:${upstream.port}`, key: upstream.apiKey }, path, body)
}

export type Stream = { response: Response; leave(): void }

/** Begins a call whose answer the caller reads, or leaves. */
export async function begin(where: Where, path: string, body: object): Promise<Stream> {
  const leaving = new AbortController()
  const response = await fetch(`${where.origin}/v1${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(where.key && { authorization: `Bearer ${where.key}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(ANSWER_MS)]),
  })
  return { response, leave: () => leaving.abort() }
}

async function post(where: Where, path: string, body: object): Promise<Answer> {
  const { response } = await begin(where, path, body)
  return answerOf(response, await response.text())
}

/** Reads an answer that is complete, or as much of it as there is. */
export function answerOf({ status, headers }: Response, text: string): Answer {
  const lines = [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => data)
  const isStream = headers.get('content-type')?.startsWith('text/event-stream')
  return {
    status,
    requestId: headers.get('x-request-id') ?? '',
    text,
    json: isStream ? null : parsed(text),
    events: lines.filter((line) => line !== '[DONE]').map(parsed),
    hasDone: lines.at(-1) === '[DONE]',
  }
}

function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
