import type { Fault } from '../fault.ts'
import type { Stage } from '../stage.ts'

/** Instances are restarted by SIGTERM in turns; nobody loses an answer. */
export const rolling: Fault = {
  name: 'rolling',
  says: 'SIGTERM of one instance after the other; streams finish, users change over',
  takes: '6 restarts in 1 min, 50 in 7 min',
  size: { runs: 6, streams: 120, instances: 2 },
  mix: { seconds: [0.5, 3] },
  failover: true,
  env: { DRAIN_TIMEOUT_MS: '10000' },

  async play(stage) {
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      await stage.filled(stage.turn(run))
      await restart(stage, run)
    }
    const resets = stage.load.seen.filter(({ ending }) => ending === 'reset').length
    if (resets > 0) stage.note(`${resets} connections were reset as a listener closed`)
  },
}

/** Milliseconds the last words of a cut stream may take to be read. */
const LAST_WORDS_MS = 1_000

/** The same with streams that are longer than the drain: they end with an event that says so. */
export const rollingCut: Fault = {
  name: 'rolling-cut',
  says: 'the same with streams that outlast the drain, and are told so',
  takes: '4 restarts in 1 min',
  size: { runs: 4, streams: 120, instances: 2 },
  mix: { seconds: [15, 30] },
  failover: true,
  env: { DRAIN_TIMEOUT_MS: '1000' },

  async play(stage) {
    let cut = 0
    stage.load.begin(stage.size.streams)
    for (let run = 0; run < stage.size.runs; run++) {
      await stage.filled(stage.turn(run))
      const running = stage.load.inFlight(stage.turn(run))
      await restart(stage, run)
      await stage.rest(LAST_WORDS_MS)
      cut += running.filter(({ ending }) => ending === 'broken').length
    }
    stage.note(`${cut} streams were cut by the drain`)
    if (cut === 0) stage.broke('no stream was cut: nothing has been shown')
  },
}

async function restart(stage: Stage, run: number): Promise<void> {
  const leaver = stage.turn(run)
  const code = await leaver.stop()
  if (code !== 0) stage.broke(`${leaver.name} ended with exit code ${code} after SIGTERM`)
  await leaver.start()
  stage.played()
}
