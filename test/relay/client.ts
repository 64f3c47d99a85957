import { request as httpRequest, type IncomingMessage } from 'node:http'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'

/** A chat completion whose answer is watched as it comes. */
export type Watched = {
  /** The head, once it is there. */
  head(): IncomingMessage | null
  /** Everything received of the body. */
  body(): string
  /** The body is over, and how. */
  ended(): 'end' | 'cut' | null
  /** Waits for the body to contain a text. */
  until(text: string): Promise<void>
  /** Waits for the end of a whole answer. */
  end(): Promise<void>
  hangUp(): void
}

export const ASK = { model: 'any', messages: [{ role: 'user', content: 'Hi' }] }
export const ASK_STREAM = { ...ASK, stream: true }

/** Sends a chat completion over a connection of its own. */
export function watch(proxy: Tollkeeper, key: string, body: object | string): Watched {
  let head: IncomingMessage | null = null
  let ended: 'end' | 'cut' | null = null
  let text = ''
  const call = httpRequest(`${proxy.url}/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const cut = () => {
    ended ??= 'cut'
  }
  call.on('error', cut)
  call.on('response', (response) => {
    head = response
    response.setEncoding('utf8')
    response.on('data', (part: string) => {
      text += part
    })
    response.on('error', cut)
    response.on('end', () => {
      ended ??= 'end'
    })
  })
  call.end(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    head: () => head,
    body: () => text,
    ended: () => ended,
    until: (part) => eventually(() => text.includes(part) || undefined).then(() => {}),
    end: () => eventually(() => (ended === 'end' ? true : undefined)).then(() => {}),
    hangUp: () => call.destroy(),
  }
}

/** Sends a chat completion and takes the whole answer. */
export async function ask(proxy: Tollkeeper, key: string, body: object | string) {
  const response = await proxy.chat(key, null, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
