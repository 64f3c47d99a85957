import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../../domain/credits.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

/** A running hold, and the amount it should grow to. */
export type Extension = { id: string; accountId: string; amount: MicroCredits }

const LIMITS = { batchMax: 512, queueMax: 10_000, timeoutMs: 2_000 }

/** What a hold has now. */
export type Extended = {
  amount: MicroCredits
  /** What stopped it, where it did not grow as far as it should. */
  limitedBy: HoldLimit
}

/** The account's balance or its status, or the spending limit of the key. */
export type HoldLimit = 'balance' | 'account' | 'key'

type Row = Extended & { id: string }

/**
 * The lane that lets holds grow: `extend_v4`. Answers null where a hold is not there any more,
 * since others took this process for dead and ended it.
 */
export function createExtendLane(url: string) {
  const client = new LaneClient<Row>(url, 'extend', (db) =>
    db
      .select({
        id: sql<string>`id`,
        amount: sql`amount`.mapWith(BigInt),
        limitedBy: sql<HoldLimit>`limited_by`,
      })
      .from(sql`extend_v4(${sql.placeholder('batch')}::text::json)`)
      .prepare('extend'),
  )
  const call = async (items: Extension[]): Promise<(Extended | null)[]> => {
    const batch = items.map(({ id, accountId, amount }) => ({
      id,
      account_id: accountId,
      amount: amount.toString(),
    }))
    const rows = await client.execute({ batch: JSON.stringify(batch) })
    const extended = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => extended.get(id) ?? null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}
