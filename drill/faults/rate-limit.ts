import type postgres from 'postgres'
import type { Account } from '../accounts.ts'
import type { Seen } from '../client.ts'
import type { Fault } from '../fault.ts'
import { smallOrder } from '../orders.ts'
import type { Stage } from '../stage.ts'

const PER_MINUTE = 600

/** How much faster the requests come, and for how long. */
const TIMES = 5
const LASTS_MS = 60_000

const MINUTE_US = 60_000_000n

/** A moment of the database's clock, in microseconds: not before the one, not after the other. */
type Moment = { earliest: bigint; latest: bigint }

/**
 * Three instances share one bucket. It is full before the first attempt; attempts come so fast
 * that it is never full again; and the last one is refused, so that less than one request was in
 * it then. So exactly its capacity and the whole requests refilled in between were admitted.
 */
export const rateLimit: Fault = {
  name: 'rate-limit',
  says: '600 requests a minute under 5 times that over three instances, to the request',
  takes: '1 min a run',
  size: { runs: 1, streams: 1, instances: 3 },
  tier: { requests_per_minute: PER_MINUTE },
  refusals: ['rate_limit_exceeded'],
  nobodyDies: true,

  async play(stage) {
    for (let run = 0; run < stage.size.runs; run++) {
      const account = await stage.admin.openAccount()
      const first = await attempt(stage, account, 0)
      const between = await flood(stage, account)
      const rest = await untilRefused(stage, account)
      const last = rest.at(-1) as Timed
      const all = [first.seen, ...between, ...rest.map(({ seen }) => seen)]
      const admitted = all.filter(({ status }) => status === 200).length
      const least = allowed(last.at.earliest - first.at.latest)
      const most = allowed(last.at.latest - first.at.earliest)
      stage.note(`${admitted} of ${all.length} requests admitted; ${least} to ${most} is right`)
      if (admitted < least || admitted > most) stage.broke(`${admitted} requests were admitted`)
      stage.played()
    }
  },
}

function allowed(us: bigint): number {
  return PER_MINUTE + Number((us * BigInt(PER_MINUTE)) / MINUTE_US)
}

async function flood(stage: Stage, account: Account): Promise<Seen[]> {
  const everyMs = 60_000 / (PER_MINUTE * TIMES)
  const count = Math.floor(LASTS_MS / everyMs)
  const startedAt = performance.now()
  const answers: Promise<Seen>[] = []
  while (answers.length < count) {
    const instance = stage.turn(answers.length)
    answers.push(stage.load.send(instance, account, smallOrder(1)))
    await stage.rest(Math.max(0, startedAt + answers.length * everyMs - performance.now()))
  }
  return Promise.all(answers)
}

type Timed = { seen: Seen; at: Moment }

async function untilRefused(stage: Stage, account: Account): Promise<Timed[]> {
  const attempts: Timed[] = []
  do attempts.push(await attempt(stage, account, attempts.length))
  while (attempts.at(-1)?.seen.status === 200)
  return attempts
}

async function attempt(stage: Stage, account: Account, turn: number): Promise<Timed> {
  const earliest = await clockOf(stage.scene.sql)
  const seen = await stage.load.send(stage.turn(turn), account, smallOrder(1))
  return { seen, at: { earliest, latest: await clockOf(stage.scene.sql) } }
}

async function clockOf(sql: postgres.Sql): Promise<bigint> {
  const [row] = await sql<[{ us: string }]>`
    select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us`
  return BigInt(row.us)
}
