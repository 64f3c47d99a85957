import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../domain/credits.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'
import { type RequestRecord, toRow } from './request-record.ts'

export type Settlement = {
  id: string
  accountId: string
  cost: MicroCredits
  record: RequestRecord
}

/** What was taken; null when there was no open hold with that id any more. */
export type SettleAnswer = { charged: MicroCredits; uncollected: MicroCredits } | null

/** No client waits for its settlement, and one statement for many costs a fraction. */
const LIMITS = { batchMax: 512, queueMax: 100_000, timeoutMs: 5_000, gatherMs: 10 }

type Row = { id: string; charged: bigint; uncollected: bigint }

/** The lane that ends holds: `settle_v1`, one statement a batch, each hold exactly once. */
export function createSettleLane(url: string) {
  const client = new LaneClient<Row>(url, 'settle', (db) =>
    db
      .select({
        id: sql<string>`id`,
        charged: sql`charged`.mapWith(BigInt),
        uncollected: sql`uncollected`.mapWith(BigInt),
      })
      .from(sql`settle_v1(${sql.placeholder('batch')}::text::json)`)
      .prepare('settle'),
  )
  const call = async (items: Settlement[]): Promise<SettleAnswer[]> => {
    const batch = items.map(({ id, accountId, cost, record }) => ({
      id,
      account_id: accountId,
      cost: cost.toString(),
      record: toRow(record),
    }))
    const rows = await client.execute({ batch: JSON.stringify(batch) })
    const answers = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => answers.get(id) ?? null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}
