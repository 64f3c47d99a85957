import type { FastifyInstance } from 'fastify'
import { formatCredits } from '../../domain/credits.ts'
import { ProxyError } from '../../errors.ts'
import { type EndedRequest, findRequest, type RunningRequest } from '../../store/requests.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * GET /generation?id=: the receipt of one request, by the `x-request-id` of its answer. The account
 * that made it sees it, and nobody else; what lies behind the proxy is not on it.
 */
export async function generation(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: { id?: unknown } }>('/generation', async (request) => {
    const { id } = request.query
    if (typeof id !== 'string' || id === '') {
      const message = 'The required parameter "id" is missing.'
      throw new ProxyError('missing_required_parameter', { message, param: 'id' })
    }
    const found = UUID.test(id) ? await findRequest(app.database.db, id) : null
    if (found === null) throw notFound()
    const record = 'running' in found ? found.running : found.ended
    if (record.accountId !== request.account.id) throw notFound()
    return { data: 'running' in found ? runningReceipt(found.running) : receipt(found.ended) }
  })
}

function notFound(): ProxyError {
  return new ProxyError('not_found', { message: 'There is no such request.', param: 'id' })
}

function runningReceipt({ id, amount, createdAt }: RunningRequest) {
  return { id, state: 'running', held: formatCredits(amount), created_at: createdAt.toISOString() }
}

function receipt(record: EndedRequest) {
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
    usage_source: record.usageSource,
    charged: formatCredits(record.charged),
    ttft_ms: record.ttftMs,
    duration_ms: record.durationMs,
    created_at: record.createdAt.toISOString(),
  }
}
