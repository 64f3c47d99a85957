import { request } from 'node:http'
import type { Sandbox, SandboxCall } from '../../src/sandbox/index.ts'

/** A chunk as far as these tests look into it. */
export type Chunk = {
  id: string
  model: string
  choices?: { index: number; delta: Record<string, unknown>; finish_reason: string | null }[]
  usage?: unknown
  error?: { message: string }
}

/** Posts a chat completion with one user message, unless the body has its own messages. */
export function post(
  sandbox: Sandbox,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${sandbox.url}/chat/completions`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello, world' }], ...body }),
  })
}

/** The answer to the same, as parsed JSON. */
export async function postJson(
  sandbox: Sandbox,
  body: Readonly<Record<string, unknown>>,
): Promise<Record<string, never>> {
  const response = await post(sandbox, body)
  return (await response.json()) as Record<string, never>
}

/** The text of a streamed answer. */
export async function postStream(
  sandbox: Sandbox,
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  const response = await post(sandbox, { stream: true, ...body })
  return response.text()
}

/** The chunks of a stream of plain events, without [DONE]. */
export function chunksOf(stream: string): Chunk[] {
  return stream
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)) as Chunk)
}

/** All content of the first choice. */
export function contentOf(chunks: readonly Chunk[]): string {
  return chunks.map((chunk) => chunk.choices?.[0]?.delta.content ?? '').join('')
}

/** The only call that was made under `id`; waits until its answer is over. */
export async function endOf(sandbox: Sandbox, id: string): Promise<SandboxCall> {
  await until(() => (sandbox.calls.get(id)?.endedAt ?? null) !== null)
  const call = sandbox.calls.get(id)
  if (!call) throw new Error(`no call ${id}`)
  return call
}

/** Waits for a condition; the test's own timeout ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** A call whose answer is read up to `bytes` and then left alone; `leave` hangs up. */
export function readSome(
  sandbox: Sandbox,
  body: Readonly<Record<string, unknown>>,
  id: string,
  bytes: number,
): Promise<{ leave(): void }> {
  return new Promise((resolve, reject) => {
    const call = request(`${sandbox.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id },
    })
    let seen = 0
    call.on('error', reject)
    call.on('response', (response) => {
      // A hang-up on purpose is an error of the response, and what these tests are about.
      response.on('error', () => {})
      response.on('data', (part: Buffer) => {
        seen += part.length
        if (seen < bytes) return
        response.pause()
        resolve({ leave: () => call.destroy() })
      })
    })
    call.end(JSON.stringify({ messages: [{ role: 'user', content: 'Hello, world' }], ...body }))
  })
}
