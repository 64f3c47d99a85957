import type { Dispatcher } from 'undici'
import { Pieces } from '../body/pieces.ts'
import { isRecord } from '../domain/is-record.ts'
import type { UpstreamTarget } from './target.ts'

/** Milliseconds a list is believed, and how long the upstream may take for all of one. */
const MAX_AGE_MS = 60_000
const TIMEOUT_MS = 5_000

/** Bytes of a list that are read. */
const LIST_BYTES_MAX = 8 * 1024 * 1024

/**
 * The model names an upstream lists, remembered for a minute. One that is away lists what it did
 * before, and one that has no such list none: that breaks no call.
 */
export function createModelLister(target: UpstreamTarget, pool: () => Dispatcher) {
  let listed: Promise<string[]> = Promise.resolve([])
  let until = Number.NEGATIVE_INFINITY
  return (): Promise<string[]> => {
    if (until > performance.now()) return listed
    until = performance.now() + MAX_AGE_MS
    const before = listed
    listed = fetchModels(target, pool).catch(() => {
      until = performance.now() + TIMEOUT_MS // ask again soon
      return before
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
  const data = Array.isArray(body) ? body : isRecord(body) ? body.data : null // some send it bare
  if (!Array.isArray(data)) return []
  return data.map((model) => model?.id).filter((id) => typeof id === 'string' && id !== '')
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces = new Pieces()
  for await (const chunk of body) {
    if (pieces.bytes + chunk.length > LIST_BYTES_MAX)
      throw new Error('the list of models is too long')
    pieces.add(chunk)
  }
  return pieces.whole().toString('utf8')
}
