import type { Fault } from '../fault.ts'
import { until } from '../until.ts'

/** The statements that move money, whatever their version. */
const MONEY = /\b(reserve|extend|settle)_v\d+/

/** The share of their answers that is lost; two in a row, then, is no rarity. */
const LOST = 0.3

/** Milliseconds in which one answer is lost on average, at the very least. */
const EACH_MS = 2_000

/** Postgres has committed, and nobody hears of it. */
export const commitLost: Fault = {
  name: 'commit-lost',
  says: 'answers of reserve, extend and settle are dropped after the commit',
  takes: 'a run is an answer: 300 in 1 min, 1,000 in 2 min',
  size: { runs: 300, streams: 60, instances: 2 },
  mix: { seconds: [1, 4], tokensPerSecond: 400, chunksPerSecond: 8 },
  tier: { hold_output_tokens: 256 },
  linked: true,
  nobodyDies: true,

  async play(stage) {
    const { links } = stage.scene
    const lost: Record<string, number> = {}
    const dropped = () => links.reduce((sum, link) => sum + link.dropped, 0)
    const chosen = (statement: string) => {
      const name = MONEY.exec(statement)?.[0]
      const isLost =
        name !== undefined && dropped() < stage.size.runs && stage.random.share() < LOST
      if (isLost) lost[name] = (lost[name] ?? 0) + 1
      return isLost
    }
    stage.load.begin(stage.size.streams)
    for (const instance of stage.instances) await stage.filled(instance)
    const back = stage.ledgerAway()
    for (const link of links) link.dropAnswers(chosen)
    const isDone = () => dropped() >= stage.size.runs
    await until(`${stage.size.runs} answers are lost`, isDone, stage.size.runs * EACH_MS)
    back()
    stage.played(dropped())
    stage.note(`lost: ${Object.entries(lost).map(([name, count]) => `${count} of ${name}`)}`)
  },
}
