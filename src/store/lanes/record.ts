import { sql } from 'drizzle-orm'
import { type RequestRecord, toRow } from '../request-record.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

/** A request that held nothing. */
export type UnheldRequest = { id: string; accountId: string; record: RequestRecord }

/** Best effort: what does not fit the queue is dropped, and counted by the caller. */
const LIMITS = { batchMax: 256, queueMax: 2_000, timeoutMs: 5_000, gatherMs: 50 }

/** The lane that records requests without a hold: `record_v1`. */
export function createRecordLane(url: string) {
  const client = new LaneClient<{ id: string }>(url, 'record', (db) =>
    db
      .select({ id: sql<string>`id` })
      .from(sql`record_v1(${sql.placeholder('batch')}::text::json)`)
      .prepare('record'),
  )
  const call = async (items: UnheldRequest[]): Promise<null[]> => {
    const batch = items.map(({ id, accountId, record }) => ({
      id,
      account_id: accountId,
      record: toRow(record),
    }))
    await client.execute({ batch: JSON.stringify(batch) })
    return items.map(() => null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}
