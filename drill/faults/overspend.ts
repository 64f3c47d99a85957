import type { Account } from '../accounts.ts'
import type { Fault } from '../fault.ts'
import { smallOrder, streamOrder } from '../orders.ts'
import type { Stage } from '../stage.ts'

/** Requests at one time, of which the account can pay a part. */
const AT_ONCE = 500
const CREDITS = '150'

/** Tokens of an answer in one piece; streams are long enough to come back for more. */
const WHOLE_TOKENS = 50
const STREAMS = {
  seconds: [0.5, 2],
  tokensPerSecond: 1_000,
  chunksPerSecond: 10,
  leaving: 0.05,
  poor: 1,
} as const

/** Everybody spends the same few credits at once, at two instances and at three. */
export const overspend: Fault = {
  name: 'overspend',
  says: '500 requests at once of one poor account over two and three instances',
  takes: '4 times in 20 s',
  size: { runs: 4, streams: AT_ONCE, instances: 3 },
  nobodyDies: true,

  async play(stage) {
    for (let run = 0; run < stage.size.runs; run++) {
      const account = await stage.admin.openAccount(CREDITS)
      const instances = run % 2 === 0 ? 2 : 3
      const served = await spend(stage, account, instances)
      const { charged, uncollected, available } = await stateOf(stage, account)
      const overshoot = uncollected + (available < 0n ? -available : 0n)
      stage.note(
        `${instances} instances: ${served} of ${stage.size.streams} served for ${charged} ` +
          `micro-credits, ${available} left, overshoot ${overshoot}`,
      )
      if (overshoot !== 0n) stage.broke(`${overshoot} micro-credits were overspent`)
      if (served === 0 || served === stage.size.streams) stage.broke('nothing has been shown')
      stage.played()
    }
  },
}

async function spend(stage: Stage, account: Account, instances: number): Promise<number> {
  const answers = Array.from({ length: stage.size.streams }, (_, at) => {
    const order = at % 2 === 0 ? smallOrder(WHOLE_TOKENS) : streamOrder(STREAMS, stage.random)
    return stage.load.send(stage.turn(at % instances), account, order)
  })
  const seen = await Promise.all(answers)
  await stage.settled()
  return seen.filter(({ status }) => status === 200).length
}

async function stateOf({ scene: { sql } }: Stage, { id }: Account) {
  const [row] = await sql<[Record<'charged' | 'uncollected' | 'available', string>]>`
    select coalesce(sum(r.charged), 0)::text as charged,
      coalesce(sum(r.uncollected), 0)::text as uncollected,
      (select (posted - held)::text from accounts where id = ${id}) as available
    from requests r where r.account_id = ${id}`
  const { charged, uncollected, available } = row
  return {
    charged: BigInt(charged),
    uncollected: BigInt(uncollected),
    available: BigInt(available),
  }
}
