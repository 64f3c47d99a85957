/** The loads, each in a full and a quick size. Times in ms. */
import { MODEL, type StreamShape } from './answers.ts'
import type { RunOrder } from './load/orders.ts'

/** Tokens a request may produce at most; above what the upstream answers. */
const MAX_TOKENS = 256
/** Requests of one run, to bound the memory of the load generator. */
const MAX_REQUESTS = 500_000
const NO_LIMIT = Number.MAX_SAFE_INTEGER
/** A stream of the slow scenario lasts chunks x delay; nothing here may take longer than this. */
const GRACE_MS = 30_000

export const SCENARIO_NAMES = ['json', 'burst', 'fast', 'slow', 'latency'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

export interface Scenario {
  name: ScenarioName
  title: string
  /** What one unit of work is, for CPU per unit. */
  unit: 'request' | 'chunk'
  connections: number
  stream: StreamShape | null
  /** Once a target before the first round. */
  warmUp: RunOrder
  /** Before every round, not counted: fills the connection pools again. */
  lead: RunOrder
  measured: RunOrder
}

export interface Size {
  quick: boolean
  /** Whether the client asks for the usage event; if not, a metering proxy must ask and hide it. */
  askUsage: boolean
}

export function buildScenario(name: ScenarioName, size: Size): Scenario {
  switch (name) {
    case 'json':
      return timed(name, 'JSON answers, 32 connections', 32, null, size)
    case 'burst':
      return timed(
        name,
        '50 chunks without pause, 64 connections',
        64,
        { chunks: 50, delayMs: 0 },
        size,
      )
    case 'fast':
      // Unlike a burst: far enough apart that a proxy relays each chunk on its own.
      return timed(
        name,
        '50 chunks, 1 ms apart, 64 connections',
        64,
        { chunks: 50, delayMs: 1 },
        size,
      )
    case 'slow':
      return slow(size)
    case 'latency':
      return timed(name, 'JSON answers, 1 connection', 1, null, size)
  }
}

function timed(
  name: ScenarioName,
  title: string,
  connections: number,
  paced: { chunks: number; delayMs: number } | null,
  { quick, askUsage }: Size,
): Scenario {
  const stream = paced && { chunks: paced.chunks, usage: askUsage }
  const body = requestBody(stream, paced?.delayMs ?? 0)
  const lasting = (durationMs: number): RunOrder => ({
    kind: 'run',
    body,
    stream,
    durationMs,
    perConnection: NO_LIMIT,
    maxRequests: MAX_REQUESTS,
    rampMs: 0,
    graceMs: GRACE_MS,
  })
  return {
    name,
    title,
    unit: stream ? 'chunk' : 'request',
    connections,
    stream,
    warmUp: lasting(quick ? 1_500 : 12_000),
    lead: lasting(quick ? 200 : 1_000),
    measured: lasting(quick ? 1_000 : 3_000),
  }
}

function slow({ quick, askUsage }: Size): Scenario {
  const connections = 1_000
  const delayMs = 100
  const streams = (chunks: number, perConnection: number): RunOrder => {
    const stream = { chunks, usage: askUsage }
    return {
      kind: 'run',
      body: requestBody(stream, delayMs),
      stream,
      durationMs: chunks * delayMs * perConnection * 3,
      perConnection,
      maxRequests: MAX_REQUESTS,
      // All begin within the first chunks and at even distances, so that no tick is crowded.
      rampMs: Math.min(1_000, (chunks * delayMs) / 2),
      graceMs: GRACE_MS,
    }
  }
  const measured = quick ? streams(20, 1) : streams(50, 2)
  const chunks = measured.stream?.chunks ?? 0
  return {
    name: 'slow',
    title: `1,000 streams at once, ${chunks} chunks, ${delayMs} ms apart`,
    unit: 'chunk',
    connections,
    stream: measured.stream,
    warmUp: quick ? streams(10, 1) : streams(50, 1),
    lead: streams(10, 1),
    measured,
  }
}

/** A chat request of about 330 bytes; `sandbox` tells the upstream what to answer. */
function requestBody(stream: StreamShape | null, delay_ms: number): string {
  const messages = [
    { role: 'system', content: 'You are a helpful assistant. Answer briefly.' },
    { role: 'user', content: 'Tell me in three sentences why the sky is blue at noon.' },
  ]
  const base = { model: MODEL, messages, max_tokens: MAX_TOKENS, temperature: 0.7 }
  if (!stream) {
    const rest = { presence_penalty: 0, frequency_penalty: 0, top_p: 1, seed: 7 }
    return JSON.stringify({ ...base, ...rest, user: 'user-0123456789abcdef' })
  }
  return JSON.stringify({
    ...base,
    stream: true,
    ...(stream.usage && { stream_options: { include_usage: true } }),
    sandbox: { chunks: stream.chunks, delay_ms },
  })
}
