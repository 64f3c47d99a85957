import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../domain/credits.ts'
import type { RateLimits } from '../domain/tier.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

export type Reservation = {
  /** UUIDv7 of the request, which becomes the hold's id. */
  id: string
  accountId: string
  keyId: string
  amount: MicroCredits
  /** The least amount that lets the request run. */
  minimum: MicroCredits
  /** What is pinned on the hold, as JSON. */
  terms: unknown
  /** What the tier allows the account, and the key's own limits. */
  limits: { account: RateLimits; key: RateLimits }
}

export type ReserveOutcome =
  | 'held'
  | 'insufficient'
  | 'credits_held'
  | 'rate_limited'
  | 'too_many'
  | 'inactive'
  | 'no_account'
  | 'ended'

export type ReserveAnswer = {
  outcome: ReserveOutcome
  granted: MicroCredits
  /** Milliseconds until a request fits the limit of requests a minute again. */
  waitMs: number
  /** Requests left under that limit now; null when there is none. */
  remaining: number | null
}

const LIMITS = { batchMax: 512, queueMax: 5_000, timeoutMs: 300, answerWithinMs: 550 }

type Row = ReserveAnswer & { id: string }

/**
 * The lane that places holds: `reserve_v1`, one statement a batch.
 * @param instanceId who owns the holds of the next batch
 */
export function createReserveLane(url: string, instanceId: () => string) {
  const client = new LaneClient<Row>(url, 'reserve', (db) =>
    db
      .select({
        id: sql<string>`id`,
        outcome: sql<ReserveOutcome>`outcome`,
        granted: sql`granted`.mapWith(BigInt),
        waitMs: sql`wait_ms`.mapWith(Number),
        remaining: sql<number | null>`remaining::int`,
      })
      .from(
        sql`reserve_v1(${sql.placeholder('instance')}::text::uuid, ${sql.placeholder('batch')}::text::json, ${sql.placeholder('replay')}::text::boolean)`,
      )
      .prepare('reserve'),
  )
  const call = async (items: Reservation[], replay: boolean): Promise<ReserveAnswer[]> => {
    const batch = JSON.stringify(items.map(toRow))
    const rows = await client.execute({ instance: instanceId(), batch, replay: String(replay) })
    const byId = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => {
      const row = byId.get(id)
      if (!row) throw new Error(`reserve_v1 gave no answer for hold ${id}`)
      return row
    })
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}

function toRow(item: Reservation) {
  return {
    id: item.id,
    account_id: item.accountId,
    key_id: item.keyId,
    amount: item.amount.toString(),
    minimum: item.minimum.toString(),
    terms: item.terms,
    account_rpm: item.limits.account.requestsPerMinute,
    account_concurrency: item.limits.account.concurrency,
    key_rpm: item.limits.key.requestsPerMinute,
    key_concurrency: item.limits.key.concurrency,
  }
}
