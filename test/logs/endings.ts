import { once } from 'node:events'
import { connect } from 'node:net'
import { eventually } from '../harness/proxy.ts'
import { PROMPT_CANARY } from '../harness/secrets.ts'
import type { Server } from './server.ts'

/** A request by its id, and what its line must say. */
export type Ending = { id: string; outcome: string; code: string | null }

const POST = { method: 'POST', headers: { 'content-type': 'application/json' } }

/** Sends requests and notes how each must end. */
export class Endings {
  readonly #server: Server
  readonly #url: string
  readonly all: Ending[] = []

  constructor(server: Server) {
    this.#server = server
    this.#url = `${server.origin}/v1/chat/completions`
  }

  note(response: Response, outcome: string, code: string | null): void {
    this.all.push({ id: response.headers.get('x-request-id') ?? '', outcome, code })
  }

  chat(key: string, model: string, stream: boolean, more: object = {}): Promise<Response> {
    const messages = [{ role: 'user', content: `${PROMPT_CANARY} tells a secret` }]
    const body = JSON.stringify({ model, stream, messages, ...more })
    return fetch(this.#url, { ...POST, headers: { ...POST.headers, 'api-key': key }, body })
  }

  /** A held request that ends so, as a stream and as JSON. */
  async held(key: string, model: string, outcome: string, code: string | null): Promise<void> {
    const both = [true, false].map(async (stream) => {
      const response = await this.chat(key, model, stream)
      await response.text()
      this.note(response, outcome, code)
    })
    await Promise.all(both)
  }

  async brokenStream(key: string, model: string, code: string): Promise<void> {
    const response = await this.chat(key, model, true)
    await response.text()
    this.note(response, 'upstream_broken', code)
  }

  async outOfCredits(key: string): Promise<void> {
    const sandbox = { reply_chars: 4_000, delay_ms: 2 }
    const response = await this.chat(key, 'sandbox-echo', true, { sandbox })
    await response.text()
    this.note(response, 'out_of_credits', 'insufficient_quota')
  }

  /** Hangs up in the middle of a stream that holds what another request would need. */
  async hangUpMidstream(key: string): Promise<void> {
    const stream = await this.chat(key, 'sandbox-hang-midstream', true)
    this.note(stream, 'client_gone', null)
    this.note(await this.chat(key, 'sandbox-echo', true), 'refused', 'credits_held')
    await stream.body?.cancel()
  }

  /** Hangs up before any answer. */
  async hangUpEarly(key: string): Promise<void> {
    const seen = new Set(this.#server.sandbox.calls.keys())
    const client = new AbortController()
    const options = { signal: client.signal, ...POST }
    const sandbox = { reply_chars: 400 }
    const body = JSON.stringify({ model: 'sandbox-slow', messages: [], sandbox })
    const headers = { ...POST.headers, 'api-key': key }
    const pending = fetch(this.#url, { ...options, headers, body }).catch(() => null)
    const id = await eventually(() =>
      [...this.#server.sandbox.calls.keys()].find((one) => !seen.has(one)),
    )
    client.abort()
    await pending
    this.all.push({ id, outcome: 'client_gone', code: null })
  }

  /** A request refused with this code. */
  async refused(code: string, path: string, init: RequestInit = {}): Promise<void> {
    const response = await fetch(`${this.#server.origin}${path}`, init)
    await response.text()
    this.note(response, 'refused', code)
  }

  /** A chat request refused with this code, whatever its body. */
  refusedChat(code: string, key: string, body: unknown, type = 'application/json'): Promise<void> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { authorization: `Bearer ${key}`, 'content-type': type }
    return this.refused(code, '/v1/chat/completions', { method: 'POST', headers, body: text })
  }

  async free(path: string, key: string): Promise<void> {
    const headers = { authorization: `Bearer ${key}` }
    const response = await fetch(`${this.#server.origin}${path}`, { headers })
    await response.text()
    this.note(response, 'completed', null)
  }

  /** Bytes that are not HTTP. */
  async notHttp(): Promise<void> {
    const socket = connect(Number(new URL(this.#server.origin).port), '127.0.0.1')
    socket.write(`${PROMPT_CANARY} is not HTTP\r\n\r\n`)
    const [answer] = await once(socket.setEncoding('utf8'), 'data')
    socket.destroy()
    const id = String(answer).match(/x-request-id: (\S+)/i)?.[1] ?? ''
    this.all.push({ id, outcome: 'refused', code: 'bad_http' })
  }
}
