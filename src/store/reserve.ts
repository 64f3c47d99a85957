import { sql } from 'drizzle-orm'
import type { MicroCredits } from '../domain/credits.ts'
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
}

export type ReserveOutcome =
  | 'held'
  | 'insufficient'
  | 'credits_held'
  | 'inactive'
  | 'no_account'
  | 'ended'

export type ReserveAnswer = { outcome: ReserveOutcome; granted: MicroCredits }

const LIMITS = { batchMax: 512, queueMax: 5_000, timeoutMs: 500 }

type Row = { id: string; outcome: ReserveOutcome; granted: bigint }

/** The lane that places holds: `reserve_v1`, one statement a batch. */
export function createReserveLane(url: string, instanceId: string) {
  const client = new LaneClient<Row>(url, 'reserve', (db) =>
    db
      .select({
        id: sql<string>`id`,
        outcome: sql<ReserveOutcome>`outcome`,
        granted: sql`granted`.mapWith(BigInt),
      })
      .from(
        sql`reserve_v1(${instanceId}::uuid, ${sql.placeholder('batch')}::text::json, ${sql.placeholder('replay')}::text::boolean)`,
      )
      .prepare('reserve'),
  )
  const call = async (items: Reservation[], replay: boolean): Promise<ReserveAnswer[]> => {
    const batch = JSON.stringify(items.map(toRow))
    const rows = await client.execute({ batch, replay: String(replay) })
    const byId = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => {
      const row = byId.get(id)
      if (!row) throw new Error(`reserve_v1 gave no answer for hold ${id}`)
      return { outcome: row.outcome, granted: row.granted }
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
  }
}
