import { sql } from 'drizzle-orm'
import { SYSTEM_CLOCK } from '../../clock.ts'
import type { MicroCredits } from '../../domain/credits.ts'
import type { KeyLimits, RateLimits } from '../../domain/tier.ts'
import type { Owner } from '../../leases/owner.ts'
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
  /** What it draws from limits of tokens a minute until it is settled. */
  tokens: number
  /** What is pinned on the hold, as JSON. */
  terms: unknown
  /** What the tier allows the account, and the key's own limits. */
  limits: { account: RateLimits; key: KeyLimits }
}

export type ReserveOutcome =
  | 'held'
  | 'insufficient'
  | 'credits_held'
  | 'spend_reached'
  | 'spend_held'
  | 'rate_limited'
  | 'tokens_limited'
  | 'too_many'
  | 'inactive'
  | 'frozen'
  | 'no_account'
  | 'ended'

export type ReserveAnswer = {
  outcome: ReserveOutcome
  granted: MicroCredits
  /** Milliseconds until the request fits the limits of requests and tokens a minute. */
  waitMs: number
  /** Requests left under the limit now; null when there is none. */
  remaining: number | null
  /** Likewise tokens; below 0 when running requests draw more than the limit. */
  tokensLeft: number | null
}

const LIMITS = { batchMax: 512, queueMax: 5_000, timeoutMs: 300, answerWithinMs: 550 }

type Row = ReserveAnswer & { id: string }

/**
 * The lane that places holds: `reserve_v3`, one statement a batch.
 * @param owner whose the holds are
 */
export function createReserveLane(url: string, owner: Pick<Owner, 'place'>, clock = SYSTEM_CLOCK) {
  const client = new LaneClient<Row>(url, 'reserve', (db) =>
    db
      .select({
        id: sql<string>`id`,
        outcome: sql<ReserveOutcome>`outcome`,
        granted: sql`granted`.mapWith(BigInt),
        waitMs: sql`wait_ms`.mapWith(Number),
        remaining: sql<number | null>`remaining::int`,
        tokensLeft: sql<number | null>`tokens_left`.mapWith(Number),
      })
      .from(
        sql`reserve_v3(${sql.placeholder('instance')}::text::uuid, ${sql.placeholder('batch')}::text::json, ${sql.placeholder('replay')}::text::boolean)`,
      )
      .prepare('reserve'),
  )
  const call = async (items: Reservation[], replay: boolean): Promise<ReserveAnswer[]> => {
    const batch = JSON.stringify(items.map(toRow))
    const rows = await owner.place((instance) =>
      client.execute({ instance, batch, replay: String(replay) }),
    )
    const byId = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => {
      const row = byId.get(id)
      if (!row) throw new Error(`reserve_v3 gave no answer for hold ${id}`)
      return row
    })
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS, clock)
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
    tokens: item.tokens,
    account_tpm: item.limits.account.tokensPerMinute,
    key_tpm: item.limits.key.tokensPerMinute,
    capped: item.limits.key.spend !== null,
  }
}
