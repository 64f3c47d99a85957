import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../../domain/credits.ts'
import type { KeyLimits, RateLimits, SpendPeriod } from '../../domain/tier.ts'
import type { AccountStatus } from '../accounts.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

/** An API key with its account, as the hot path needs them. */
export type KeyRecord = {
  id: string
  accountId: string
  tier: string
  accountStatus: AccountStatus
  models: string[] | null
  expiresAt: Date | null
  revokedAt: Date | null
  limits: KeyLimits
}

const LIMITS = { batchMax: 256, queueMax: 5_000, timeoutMs: 300, answerWithinMs: 550 }

type Row = Omit<KeyRecord, 'expiresAt' | 'revokedAt' | 'limits'> &
  RateLimits & {
    spendLimit: MicroCredits | null
    spendPeriod: SpendPeriod | null
    hash: string
    expiresAt: string | null
    revokedAt: string | null
  }

/** The lane that looks keys up by their hash (hex); many look-ups share a statement. */
export function createKeyLane(url: string) {
  const client = new LaneClient<Row>(url, 'keys', (db) =>
    db
      .select({
        hash: sql<string>`encode(k.hash, 'hex')`,
        id: sql<string>`k.id`,
        accountId: sql<string>`a.id`,
        tier: sql<string>`a.tier`,
        accountStatus: sql<Row['accountStatus']>`a.status`,
        models: sql<string[] | null>`to_json(k.models)`,
        expiresAt: sql<string | null>`k.expires_at::text`,
        revokedAt: sql<string | null>`k.revoked_at::text`,
        requestsPerMinute: sql<number | null>`k.requests_per_minute`,
        tokensPerMinute: sql<number | null>`k.tokens_per_minute`.mapWith(Number),
        concurrency: sql<number | null>`k.concurrency`,
        spendLimit: sql<bigint | null>`k.spend_limit`.mapWith(BigInt),
        spendPeriod: sql<SpendPeriod | null>`k.spend_period`,
      })
      .from(sql`json_array_elements_text(${sql.placeholder('hashes')}::text::json) as wanted(hash)`)
      .innerJoin(sql`api_keys k`, sql`k.hash = decode(wanted.hash, 'hex')`)
      .innerJoin(sql`accounts a`, sql`a.id = k.account_id`)
      .prepare('find_key'),
  )
  const call = async (hashes: string[]): Promise<(KeyRecord | null)[]> => {
    const rows = await client.execute({ hashes: JSON.stringify([...new Set(hashes)]) })
    const records = new Map(rows.map((row) => [row.hash, toRecord(row)]))
    return hashes.map((hash) => records.get(hash) ?? null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}

function toRecord(found: Row): KeyRecord {
  const { id, accountId, tier, accountStatus, models, spendLimit, spendPeriod } = found
  const { requestsPerMinute, tokensPerMinute, concurrency } = found
  const spend = spendLimit !== null && spendPeriod && { amount: spendLimit, period: spendPeriod }
  return {
    id,
    accountId,
    tier,
    accountStatus,
    models,
    limits: { requestsPerMinute, tokensPerMinute, concurrency, spend: spend || null },
    expiresAt: toDate(found.expiresAt),
    revokedAt: toDate(found.revokedAt),
  }
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
