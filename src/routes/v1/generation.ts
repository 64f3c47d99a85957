import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { formatCredits, type MicroCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import { adjustmentsOf } from '../../store/adjustments.ts'
import { repricingsOf } from '../../store/prices/repricings.ts'
import { type EndedRequest, findRequest, type RunningRequest } from '../../store/requests.ts'
import { timely } from '../../store/timely.ts'
import { nullable, oneOf } from '../admin/fields.ts'
import { OUTCOMES } from '../admin/request-answer.ts'
import { UsageDetailsBody } from '../admin/usage-details-body.ts'
import { answer, Count, Credits, RequestId, Time } from '../answers.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const Milliseconds = Type.Integer({ minimum: 0 })

const Receipt = answer('Receipt', 'What a request was, and what it cost.', {
  id: RequestId,
  state: oneOf(['settled', 'released']),
  model: nullable(Type.String()),
  endpoint: Type.String(),
  stream: Type.Boolean(),
  status: Type.Integer(),
  outcome: oneOf(OUTCOMES),
  error: nullable(Type.Object({ code: Type.String(), message: nullable(Type.String()) })),
  prompt_tokens: Count,
  cached_tokens: Count,
  completion_tokens: Count,
  reasoning_tokens: Count,
  usage_details: UsageDetailsBody,
  usage_source: nullable(oneOf(['reported', 'estimated'])),
  finished: nullable(
    Type.Boolean({
      description: 'Your client left, and the answer was read on: whether to its end. Else null.',
    }),
  ),
  charged: Credits,
  adjusted: Type.String({
    description: 'Credits corrected since, positive in your favour: a decimal string.',
  }),
  ttft_ms: nullable(Milliseconds),
  duration_ms: Milliseconds,
  created_at: { ...Time, description: 'When it was recorded: at its end. Its id tells its start.' },
})

const RunningReceipt = answer('RunningReceipt', 'A request that runs, and what it holds.', {
  id: RequestId,
  state: Type.Literal('running'),
  held: Credits,
  created_at: Time,
})

const schema = {
  summary: 'Read the receipt of a request of this account',
  asks: Type.Object({ id: RequestId }),
  answers: {
    200: Type.Object(
      { data: Type.Union([Receipt, RunningReceipt]) },
      { description: 'The receipt.' },
    ),
  },
}

/**
 * GET /generation?id=: the receipt of one request, by the `x-request-id` of its answer. The account
 * that made it sees it, and nobody else; what lies behind the proxy is not on it.
 */
export async function generation(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: { id?: unknown } }>('/generation', { schema }, async (request) => {
    const { id } = request.query
    if (typeof id !== 'string' || id === '') {
      const message = 'The required parameter "id" is missing.'
      throw new ProxyError('missing_required_parameter', { message, param: 'id' })
    }
    const found = UUID.test(id) ? await timely(findRequest(app.database.db, id)) : null
    if (found === null) throw notFound()
    const record = 'running' in found ? found.running : found.ended
    if (record.accountId !== request.account.id) throw notFound()
    if ('running' in found) return { data: runningReceipt(found.running) }
    const { db } = app.database
    const corrections = [
      ...(await adjustmentsOf(db, record.id)),
      ...(await repricingsOf(db, record.id)),
    ]
    return { data: receipt(found.ended, corrections) }
  })
}

function notFound(): ProxyError {
  return new ProxyError('not_found', { message: 'There is no such request.', param: 'id' })
}

function runningReceipt({ id, amount, createdAt }: RunningRequest) {
  return { id, state: 'running', held: formatCredits(amount), created_at: createdAt.toISOString() }
}

function receipt(record: EndedRequest, corrections: { credits: MicroCredits }[]) {
  const adjusted = corrections.reduce((sum, { credits }) => sum + credits, 0n)
  const { errorCode, error } = record
  const message = (error as { message?: string } | null)?.message ?? null
  return {
    id: record.id,
    state: record.charged > 0n ? 'settled' : 'released',
    model: record.model,
    endpoint: record.endpoint,
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    error: errorCode === null ? null : { code: errorCode, message },
    prompt_tokens: record.promptTokens,
    cached_tokens: record.cachedTokens,
    completion_tokens: record.completionTokens,
    reasoning_tokens: record.reasoningTokens,
    usage_details: record.usageDetails,
    usage_source: record.usageSource,
    finished: 'finish' in (record.stages as object) ? record.stage === 'ended' : null,
    charged: formatCredits(record.charged),
    adjusted: formatCredits(adjusted),
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    created_at: record.createdAt.toISOString(),
  }
}
