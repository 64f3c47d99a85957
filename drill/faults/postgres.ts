import type { Fault } from '../fault.ts'
import type { Stage } from '../stage.ts'

/** Milliseconds from one restart to the next. */
const BETWEEN_MS = [18_000, 22_000] as const

export const pgRestart: Fault = {
  name: 'pg-restart',
  says: 'fast restart of Postgres every 20 s',
  takes: '3 restarts in 1.5 min, 30 in 11 min',
  size: { runs: 3, streams: 120, instances: 2 },
  nobodyDies: true,
  play: (stage) => strikePostgres(stage, () => stage.scene.postgres.stop()),
}

export const pgKill9: Fault = {
  name: 'pg-kill9',
  says: 'kill -9 of the postmaster and its children every 20 s, then a start',
  takes: '3 kills in 1.5 min, 20 in 7 min',
  size: { runs: 3, streams: 120, instances: 2 },
  nobodyDies: true,
  play: (stage) => strikePostgres(stage, () => stage.scene.postgres.kill()),
}

async function strikePostgres(stage: Stage, strike: () => Promise<void>): Promise<void> {
  const recovered: number[] = []
  stage.load.begin(stage.size.streams)
  for (let run = 0; run < stage.size.runs; run++) {
    await stage.rest(stage.random.between(...BETWEEN_MS))
    await stage.filled(stage.turn(run))
    const back = stage.ledgerAway()
    await strike()
    await stage.scene.postgres.startAgain()
    back()
    const waits = await Promise.all(stage.instances.map((instance) => stage.served(instance)))
    recovered.push(...waits)
    stage.played()
  }
  const slowest = Math.round(Math.max(...recovered))
  stage.note(`served again at most ${slowest} ms after Postgres was back`)
}

/** Milliseconds Postgres stands still: four times what declares an instance dead. */
const FROZEN_MS = 60_000

export const pgPause: Fault = {
  name: 'pg-pause',
  says: 'SIGSTOP of Postgres for 60 s under three instances: nobody is fenced',
  takes: '3 min a run',
  size: { runs: 1, streams: 120, instances: 3 },
  mix: { seconds: [10, 80] },
  nobodyDies: true,

  async play(stage) {
    const { postgres } = stage.scene
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      for (const instance of stage.instances) await stage.filled(instance)
      const back = stage.ledgerAway()
      postgres.pause()
      await stage.rest(FROZEN_MS)
      postgres.resume()
      back()
      for (const instance of stage.instances) await stage.served(instance)
      const [row] = await stage.scene.sql`select count(*)::int as dead from instances
        where state <> 'live'`
      if (row?.dead !== 0) stage.broke(`${row?.dead} instances are on the list as dead`)
      stage.played()
    }
  },
}
