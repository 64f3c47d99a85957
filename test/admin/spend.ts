import { randomUUIDv7 } from 'node:crypto'
import type postgres from 'postgres'
import { type RequestRecord, toRow } from '../../src/store/request-record.ts'

const TERMS = { model: 'sandbox-echo', provider: 'openai' }

const RECORD: RequestRecord = {
  keyId: '01900000-0000-7000-8000-00000000000a',
  endpoint: '/v1/chat/completions',
  model: 'sandbox-echo',
  provider: 'openai',
  baseUrl: 'https://upstream.example/v1',
  upstreamModel: 'sandbox-echo',
  stream: true,
  status: 200,
  outcome: 'completed',
  stage: 'ended',
  stages: { auth: 0 },
  attempts: [],
  slices: 0,
  errorCode: null,
  error: null,
  ttftMs: 12,
  durationMs: 345,
  chunkCount: 6,
  completionLength: 78,
  promptTokens: 9,
  cachedTokens: 4,
  completionTokens: 20,
  reasoningTokens: 3,
  usageSource: 'reported',
  estimatedTokens: 21,
  priceId: null,
  markupPpm: '1000000',
}

/** Holds credits (micro) for a new request of an account. @returns the request's id */
export async function hold(
  sql: postgres.Sql,
  account: string,
  micro: bigint,
  id: string = randomUUIDv7(),
  keyId: string = RECORD.keyId,
): Promise<string> {
  const amount = micro.toString()
  const row = {
    id,
    account_id: uuidOf(account),
    key_id: keyId,
    amount,
    minimum: amount,
    terms: TERMS,
  }
  const batch = JSON.stringify([row])
  await sql`select * from reserve_v3(${randomUUIDv7()}::uuid, ${batch}::text::json, false)`
  return id
}

/** Ends the request with that cost (micro) and record. */
export async function settle(
  sql: postgres.Sql,
  account: string,
  { id, cost, record = {} }: { id: string; cost: bigint; record?: Partial<RequestRecord> },
): Promise<void> {
  const row = {
    id,
    account_id: uuidOf(account),
    cost: cost.toString(),
    crashed: record.outcome === 'crashed',
    record: toRow({ ...RECORD, ...record }),
  }
  await sql`select * from settle_v3(${JSON.stringify([row])}::text::json)`
}

/** A whole request that held and cost the same. @returns its id */
export async function spend(
  sql: postgres.Sql,
  account: string,
  micro: bigint,
  record: Partial<RequestRecord> = {},
  id?: string,
): Promise<string> {
  const held = await hold(sql, account, micro, id, record.keyId)
  await settle(sql, account, { id: held, cost: micro, record })
  return held
}

/** The UUID in `acc_...` or `key_...`. */
export function uuidOf(id: string): string {
  return id.slice(4)
}
