import type { Outcome } from '../domain/ending.ts'
import type { UsageDetails } from '../domain/usage/usage-details.ts'
import { moment, printable } from './table.ts'

type Known = {
  id: string
  account_id: string
  key_id: string
  endpoint: string
  model: string | null
  provider: string | null
  base_url: string | null
  upstream_model: string | null
  stream: boolean
  hold: string
  created_at: string
}

type Attempt = {
  provider: string
  base_url: string
  status: number | null
  error_code: string | null
  duration_ms: number
}

/** Positive credits are the customer's gain. */
type Correction = { credits: string; reference: string; reason: string }

/** GET /admin/requests/:id of a request that is over. */
export type EndedRecord = Known & {
  state: 'settled' | 'released'
  status: number
  outcome: Outcome
  stage: string
  stages: Record<string, number>
  attempts: Attempt[]
  slices: number
  error: { code: string | null; message?: string; causes?: string[] } | null
  ttft_ms: number | null
  duration_ms: number
  chunk_count: number
  completion_length: number
  prompt_tokens: number
  completion_tokens: number
  cached_tokens: number
  reasoning_tokens: number
  usage_details: UsageDetails | null
  usage_source: 'reported' | 'estimated' | null
  estimated_tokens: number
  price_id: string | null
  charged: string
  uncollected: string
  /** In a story, not in a list. */
  adjustments?: Correction[]
  price_corrections?: Correction[]
}

/** The same of a request that runs. */
export type RunningRecord = Known & { state: 'running'; metered: string }

const ENDINGS: Record<Outcome, string> = {
  completed: 'completed',
  client_gone: 'left by its client',
  upstream_error: 'failed at the upstream',
  upstream_broken: 'broken off mid-stream by the upstream',
  timed_out: 'timed out waiting for the upstream',
  out_of_credits: 'cut off mid-stream: out of credits',
  refused: 'refused',
  shutting_down: 'ended by the shutdown of this server',
  crashed: 'lost in a crash of this server',
}

export const OUTCOMES = Object.keys(ENDINGS)

/** The stages in their order; the database does not keep it. */
const STAGES = [
  ...['auth', 'body', 'tier', 'claim', 'replay', 'credit'],
  ...['upstream', 'answer', 'finish', 'ended'],
]

const LABEL_WIDTH = 10

/** What became of a request, for a person to read: a headline, and a line for each question. */
export function storyOf(record: EndedRecord | RunningRecord): string {
  const [headline, lines] =
    record.state === 'running'
      ? [`running since ${moment(record.created_at)}`, runningLines(record)]
      : [endingOf(record), endedLines(record)]
  const told = lines.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${printable(text)}`)
  return [`request ${record.id}  ${headline}`, ...told].join('\n')
}

type Line = [label: string, text: string]

function runningLines(record: RunningRecord): Line[] {
  return [
    ['who', whoOf(record)],
    ['upstream', `${record.provider} at ${record.base_url}`],
    ['money', `held ${record.hold}, metered ${record.metered}`],
  ]
}

function endedLines(record: EndedRecord): Line[] {
  const lines: Line[] = [
    ['who', whoOf(record)],
    ['path', pathOf(record)],
    ...upstreamsOf(record).map((text): Line => ['upstream', text]),
    ['streamed', deliveredOf(record)],
    ['usage', usageOf(record)],
    ['money', moneyOf(record)],
    ...(record.adjustments ?? []).map((one): Line => ['adjusted', correctionOf(one)]),
    ...(record.price_corrections ?? []).map((one): Line => ['repriced', correctionOf(one)]),
  ]
  const { error } = record
  if (error === null) return lines
  lines.push(['error', error.message ? `${error.code}: ${error.message}` : String(error.code)])
  return [...lines, ...(error.causes ?? []).map((cause): Line => ['cause', cause])]
}

function endingOf({ outcome, status, stage, duration_ms }: EndedRecord): string {
  return `${ENDINGS[outcome] ?? outcome}${whereOf(outcome, stage)} after ${duration_ms} ms (${outcome}, status ${status})`
}

/** What was left by its client, and came to its end, was read on. */
function whereOf(outcome: Outcome, stage: string): string {
  if (outcome === 'completed') return ''
  return stage === 'ended' ? ', and read to its end' : ` in stage ${stage}`
}

function whoOf({ account_id, key_id, endpoint, stream, ...record }: Known): string {
  const model = record.model === null ? '' : `  model ${record.model}`
  const alias = record.upstream_model === record.model ? null : record.upstream_model
  const served = alias === null ? '' : ` (upstream ${alias})`
  return `${account_id} ${key_id}${model}${served}  ${endpoint}${stream ? ' (stream)' : ''}`
}

function pathOf({ stages }: EndedRecord): string {
  const unknown = Object.keys(stages).filter((stage) => !STAGES.includes(stage))
  return [...STAGES, ...unknown]
    .filter((stage) => stage in stages)
    .map((stage) => `${stage} ${stages[stage]} ms`)
    .join(' · ')
}

function upstreamsOf({ attempts, provider, base_url }: EndedRecord): string[] {
  if (attempts.length > 0) return attempts.map(attemptOf)
  return [provider === null ? 'not reached' : `${provider} at ${base_url}: not reached`]
}

function attemptOf({ provider, base_url, status, error_code, duration_ms }: Attempt): string {
  const answer = status === null ? 'no answer' : `answered ${status}`
  const code = error_code === null ? '' : ` (${error_code})`
  return `${provider} at ${base_url}: ${answer}, ${duration_ms} ms in all${code}`
}

function deliveredOf(record: EndedRecord): string {
  const { stream, chunk_count, completion_length, ttft_ms } = record
  if (chunk_count === 0 && completion_length === 0) return 'nothing'
  const first = ttft_ms === null ? '' : `, first byte after ${ttft_ms} ms`
  const pieces = stream ? `${chunk_count} chunks` : 'one piece'
  return `${pieces}, ${completion_length} characters${first}`
}

function usageOf(record: EndedRecord): string {
  const { usage_source, prompt_tokens, completion_tokens, estimated_tokens } = record
  if (usage_source === null) return 'none'
  const parts = [
    ...(record.cached_tokens > 0 ? [`${record.cached_tokens} cached`] : []),
    ...(record.reasoning_tokens > 0 ? [`${record.reasoning_tokens} reasoning`] : []),
    ...detailsTold(record.usage_details ?? {}),
    ...(usage_source === 'reported' ? [`estimated ${estimated_tokens}`] : []),
  ]
  const notes = parts.length === 0 ? '' : ` (${parts.join(', ')})`
  return `${usage_source}: ${prompt_tokens} prompt + ${completion_tokens} completion tokens${notes}`
}

/** Such as `5 input audio` and `2 web_search_call`. */
function detailsTold({ tool_calls: calls = {}, ...tokens }: UsageDetails): string[] {
  const counted = Object.entries(tokens).map(
    ([name, count]) => `${count} ${name.replace(/_tokens$/, '').replaceAll('_', ' ')}`,
  )
  return [...counted, ...Object.entries(calls).map(([name, count]) => `${count} ${name}`)]
}

function moneyOf({ hold, slices, charged, uncollected, ...record }: EndedRecord): string {
  const taken = slices === 0 ? '' : ` (grown ${slices === 1 ? 'once' : `${slices} times`})`
  const at =
    record.price_id === null ? 'without a price: at the fallback rate' : `price ${record.price_id}`
  const price = record.usage_source === null ? '' : ` (${at})`
  return `held ${hold}${taken}, charged ${charged}, uncollected ${uncollected}${price}`
}

function correctionOf({ credits, reference, reason }: Correction) {
  return `by ${credits} (${reference}): ${reason}`
}
