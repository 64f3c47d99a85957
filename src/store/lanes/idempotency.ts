import { sql } from 'drizzle-orm'
import { SYSTEM_CLOCK } from '../../clock.ts'
import type { Owner } from '../../leases/owner.ts'
import { Lane } from './lane.ts'
import { LaneClient } from './lane-client.ts'

/** Seconds a key stands for its answer: from its completion. */
export const KEPT_FOR_S = 24 * 60 * 60

/** A request that claims an idempotency key. */
export type Claim = {
  /** UUIDv7 of the request. */
  id: string
  accountId: string
  /** Hashes: neither the key nor the question is stored. */
  key: Buffer
  fingerprint: Buffer
}

/**
 * `claimed`: the request may run. `in_use`: another one with this key runs. `done`: `original` was
 * complete. `reused`: the key stands for another question.
 */
export type ClaimAnswer =
  | { outcome: 'claimed' }
  | { outcome: 'reused' }
  | { outcome: 'in_use'; original: string }
  | { outcome: 'done'; original: string }

const LIMITS = { batchMax: 256, queueMax: 5_000, timeoutMs: 300, answerWithinMs: 550 }

type Row = ClaimAnswer & { id: string }

/**
 * The lane that claims idempotency keys: `claim_keys_v1`, one statement a batch.
 * @param owner who runs the requests of the next batch
 */
export function createClaimLane(url: string, owner: Pick<Owner, 'place'>, clock = SYSTEM_CLOCK) {
  const client = new LaneClient<Row>(
    url,
    'claims',
    (db) =>
      db
        .select({
          id: sql<string>`id`,
          outcome: sql<ClaimAnswer['outcome']>`outcome`,
          original: sql<string>`original`,
        })
        .from(
          sql`claim_keys_v1(${sql.placeholder('instance')}::text::uuid, ${KEPT_FOR_S}::int, ${sql.placeholder('batch')}::text::json)`,
        )
        .prepare('claims') as { execute(values: Record<string, unknown>): Promise<Row[]> },
  )
  const call = async (items: Claim[]): Promise<ClaimAnswer[]> => {
    const batch = JSON.stringify(items.map(toRow))
    const rows = await owner.place((instance) => client.execute({ instance, batch }))
    const answers = new Map(rows.map((row) => [row.id, row]))
    return items.map(({ id }) => {
      const row = answers.get(id)
      if (!row) throw new Error(`claim_keys_v1 gave no answer for request ${id}`)
      return row
    })
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS, clock)
  return Object.assign(lane, { close: () => client.close() })
}

function toRow({ id, accountId, key, fingerprint }: Claim) {
  const hashes = { key: key.toString('hex'), fingerprint: fingerprint.toString('hex') }
  return { id, account_id: accountId, ...hashes }
}
