import type { Dispatcher } from 'undici'
import type { UpstreamTarget } from './target.ts'

/** Milliseconds a list is believed, and how long the upstream may take for all of one. */
const MAX_AGE_MS = 60_000
const TIMEOUT_MS = 5_000

/** Bytes of a list that are read. */
const LIST_BYTES_MAX = 8 * 1024 * 1024

/**
 * The model names an upstream lists, remembered for a minute. An upstream that has no such list,
 * or is away, lists none: that breaks no call.
 */
export function createModelLister(target: UpstreamTarget, pool: () => Dispatcher) {
  let listed: Promise<string[]> = Promise.resolve([])
  let until = Number.NEGATIVE_INFINITY
  return (): Promise<string[]> => {
    if (until > performance.now()) return listed
    until = performance.now() + MAX_AGE_MS
    listed = fetchModels(target, pool).catch(() => {
      until = performance.now() + TIMEOUT_MS // ask again soon
      return []
    })
    return listed
  }
}

async function fetchModels(target: UpstreamTarget, pool: () => Dispatcher): Promise<string[]> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (target.apiKey !== null) headers.authorization = `Bearer ${target.apiKey}`
  const answer = await pool().request({
    method: 'GET',
    path: target.pathOf('/models'),
    headers,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = await readBounded(answer.body)
  if (answer.statusCode !== 200) throw new Error(`the upstream answered ${answer.statusCode}`)
  const body: unknown = JSON.parse(text)
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : null
  if (!Array.isArray(data)) return []
  return data.map((model) => model?.id).filter((id) => typeof id === 'string')
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > LIST_BYTES_MAX) throw new Error('the list of models is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
