import { and, eq, gt, lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Claim, KEPT_FOR_S } from './lanes/idempotency.ts'
import { Lane } from './lanes/lane.ts'
import { LaneClient } from './lanes/lane-client.ts'
import { idempotencyAnswers, idempotencyKeys } from './schema.ts'

/** Bytes of answers, as they are stored, that are kept for an account and for all together. */
const ACCOUNT_BYTES_MAX = 256 * 1024 * 1024
const TOTAL_BYTES_MAX = 4 * 1024 * 1024 * 1024

/** Rows that one statement deletes at most: it is over within milliseconds. */
export const EXPIRED_MAX = 1_000

/** Seconds after which a claim of ours that we do not know was left by a lost answer. */
const FORGOTTEN_AFTER_S = 60

/** An answer as it is stored. */
export type StoredAnswer = {
  status: number
  headers: Record<string, string>
  /** Compressed and encrypted. */
  body: Buffer
}

/** The end of a claim. */
export type Conclusion = {
  claim: Claim
  /** The answer was complete: the key stands for it now. Otherwise the key is free again. */
  isCompleted: boolean
  /** Null where it is not kept. */
  answer: StoredAnswer | null
}

/** Answers are large, so few share a statement. */
const LIMITS = { batchMax: 8, queueMax: 10_000, timeoutMs: 5_000 }

/** The lane that ends claims, and stores answers: `conclude_keys_v1`. */
export function createConclusionLane(url: string) {
  const client = new LaneClient<{ id: string }>(url, 'answers', (db) =>
    db
      .select({ id: sql<string>`id` })
      .from(
        sql`conclude_keys_v1(${KEPT_FOR_S}::int, ${ACCOUNT_BYTES_MAX}::bigint, ${TOTAL_BYTES_MAX}::bigint, ${sql.placeholder('batch')}::text::json)`,
      )
      .prepare('answers'),
  )
  const call = async (items: Conclusion[]): Promise<null[]> => {
    await client.execute({ batch: JSON.stringify(items.map(toRow)) })
    return items.map(() => null)
  }
  const lane = new Lane({ call, reconnect: () => client.reconnect() }, LIMITS)
  return Object.assign(lane, { close: () => client.close() })
}

function toRow({ claim, isCompleted, answer }: Conclusion) {
  return {
    id: claim.id,
    account_id: claim.accountId,
    key: claim.key.toString('hex'),
    is_completed: isCompleted,
    ...(answer && { ...answer, body: answer.body.toString('base64') }),
  }
}

/** The answer that is kept of a request; null where none is. */
export async function readAnswer(
  db: PostgresJsDatabase,
  requestId: string,
): Promise<StoredAnswer | null> {
  const { status, headers, body } = idempotencyAnswers
  const [row] = await db
    .select({ status, headers, body })
    .from(idempotencyAnswers)
    .where(
      and(
        eq(idempotencyAnswers.requestId, requestId),
        gt(idempotencyAnswers.expiresAt, sql`clock_timestamp()`),
      ),
    )
  return row ? (row as StoredAnswer) : null
}

/** Deletes keys and answers that have expired, until none is left. */
export async function deleteExpired(db: PostgresJsDatabase): Promise<void> {
  for (let deleted = EXPIRED_MAX; deleted === EXPIRED_MAX; ) {
    const [row] = await db.execute<{ rows: number }>(
      sql`select expire_answers_v1(${EXPIRED_MAX}::int) as rows`,
    )
    deleted = row?.rows ?? 0
  }
}

/**
 * Disowns claims of an instance that it does not know of, such as one whose answer was lost: what
 * became of their requests decides about the keys.
 */
export async function disownForgotten(
  db: PostgresJsDatabase,
  instanceId: string,
  known: string[],
): Promise<void> {
  const others = sql`${idempotencyKeys.requestId} <> all (
    array(select json_array_elements_text(${JSON.stringify(known)}::text::json)::uuid))`
  const before = sql`clock_timestamp() - make_interval(secs => ${FORGOTTEN_AFTER_S})`
  await db
    .update(idempotencyKeys)
    .set({ instanceId: null })
    .where(
      and(
        eq(idempotencyKeys.instanceId, instanceId),
        eq(idempotencyKeys.state, 'running'),
        lt(idempotencyKeys.createdAt, before),
        others,
      ),
    )
}
