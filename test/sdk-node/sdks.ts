import { OpenAI } from 'openai'
import { OpenAI as OpenAI4 } from 'openai-4'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'

/** The releases these cases hold for. What the cases use is the same in both. */
export const SDKS: [string, typeof OpenAI][] = [
  ['openai 7', OpenAI],
  ['openai 4', OpenAI4 as unknown as typeof OpenAI],
]

/** A client as its user makes it: with another base URL and key, and nothing else. */
export function client(Sdk: typeof OpenAI, proxy: Tollkeeper, key: string): OpenAI {
  return new Sdk({ baseURL: proxy.url, apiKey: key })
}

export const HELLO = [{ role: 'user' as const, content: 'Hello there, €uro 😀' }]
export const SAID = HELLO[0]?.content as string

/** The chunks of a stream. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

type Chunk = OpenAI.ChatCompletionChunk

/** The text of a stream. */
export function textOf(chunks: Chunk[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
}

/** Counts the chat completions that arrive at the proxy's socket from now on. */
export function countCalls(proxy: Tollkeeper): () => number {
  let calls = 0
  proxy.app.server.on('request', ({ url }: { url: string }) => {
    if (url === '/v1/chat/completions') calls += 1
  })
  return () => calls
}
