import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../../domain/credits.ts'
import { type RequestRecord, toRow } from '../request-record.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

export type Settlement = {
  id: string
  accountId: string
  cost: MicroCredits
  record: RequestRecord
}

/**
 * What was taken; null when there was no open hold with that id any more, and no crash whose charge
 * this corrects.
 */
export type SettleAnswer = {
  /** In all, also where this only corrected it. */
  charged: MicroCredits
  uncollected: MicroCredits
  /**
   * What a late result took on top of what its request was charged as crashed; negative is given
   * back. Null is not late.
   */
  correction: MicroCredits | null
} | null

/** No client waits for its settlement, and one statement for many costs a fraction. */
const LIMITS = { batchMax: 512, queueMax: 100_000, timeoutMs: 5_000, gatherMs: 10 }

type Row = NonNullable<SettleAnswer> & { id: string }

/** The lane that ends holds: `settle_v3`, one statement a batch, each hold exactly once. */
export function createSettleLane(url: string) {
  const client = new LaneClient<Row>(url, 'settle', (db) =>
    db
      .select({
        id: sql<string>`id`,
        charged: sql`charged`.mapWith(BigInt),
        uncollected: sql`uncollected`.mapWith(BigInt),
        correction: sql<bigint | null>`correction`.mapWith(BigInt),
      })
      .from(sql`settle_v3(${sql.placeholder('batch')}::text::json)`)
      .prepare('settle'),
  )
  const call = async (items: Settlement[]): Promise<SettleAnswer[]> => {
    const rows = await client.execute({ batch: JSON.stringify(items.map(toBatchRow)) })
    const answers = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => answers.get(id) ?? null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}

/** The tokens of a crash are not known: what was drawn for them stays drawn. */
function toBatchRow({ id, accountId, cost, record }: Settlement) {
  const crashed = record.outcome === 'crashed'
  const tokens = crashed ? null : record.promptTokens + record.completionTokens
  return {
    id,
    account_id: accountId,
    cost: cost.toString(),
    tokens,
    crashed,
    record: toRow(record),
  }
}
