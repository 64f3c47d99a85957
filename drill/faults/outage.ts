import postgres from 'postgres'
import type { Fault } from '../fault.ts'
import type { Stage } from '../stage.ts'

/** Milliseconds of each outage, and until the next one. */
const LASTS_MS = 12_000
const BETWEEN_MS = 4_000

/** Milliseconds within which a request that can not be paid is told so. */
const REFUSED_WITHIN_MS = 600

/** Megabytes an instance may have grown after all of it. */
const GROWN_MAX_MB = 150

const LATE = { leastMs: 100, mostMs: 300 }

/** Sessions that others try to have: more than Postgres allows. */
const SESSIONS = 100

/** An outage, as it begins; what is returned ends it. */
type Outage = (stage: Stage) => Promise<() => Promise<void>>

const OUTAGES: Record<string, Outage> = {
  async refused({ scene: { links } }) {
    await Promise.all(links.map((link) => link.refuse()))
    return async () => void (await Promise.all(links.map((link) => link.accept())))
  },
  async hung({ scene: { links } }) {
    for (const link of links) link.pause()
    return async () => {
      for (const link of links) link.resume()
    }
  },
  async restarted({ scene: { postgres } }) {
    await postgres.stop()
    return () => postgres.startAgain()
  },
  async slow({ scene: { links } }) {
    for (const link of links) link.delayAnswers(LATE)
    return async () => {
      for (const link of links) link.delayAnswers(null)
    }
  },
  async 'out of connections'({ scene: { postgres, links } }) {
    const others = await takeSessions(postgres.url)
    for (const link of links) link.cut()
    const freed = await takeSessions(postgres.url)
    return () => end([...others, ...freed])
  },
}

/** Takes what sessions are free. */
async function takeSessions(url: string): Promise<postgres.Sql[]> {
  const others = Array.from({ length: SESSIONS }, () => postgres(url, { max: 1 }))
  const took = await Promise.allSettled(others.map((sql) => sql`select 1`))
  await end(others.filter((_, at) => took[at]?.status === 'rejected'))
  return others.filter((_, at) => took[at]?.status === 'fulfilled')
}

async function end(sessions: postgres.Sql[]): Promise<void> {
  await Promise.all(sessions.map((sql) => sql.end({ timeout: 0 })))
}

/** Postgres is away in every way there is, and nobody has to wait to be told. */
export const outage: Fault = {
  name: 'outage',
  says: 'Postgres refuses, hangs, restarts, is slow, is full: refusals come within 600 ms',
  takes: 'each once in 2 min',
  size: { runs: 5, streams: 60, instances: 2 },
  mix: { seconds: [1, 20] },
  linked: true,
  nobodyDies: true,

  async play(stage) {
    const names = Object.keys(OUTAGES)
    stage.load.begin(stage.size.streams)
    for (const instance of stage.instances) await stage.filled(instance)
    const before = stage.instances.map(({ megabytes }) => megabytes)
    for (let run = 0; run < stage.size.runs; run++) {
      const name = names[run % names.length] as string
      for (const instance of stage.instances) await stage.filled(instance)
      const from = Date.now()
      const back = stage.ledgerAway()
      const end = await (OUTAGES[name] as Outage)(stage)
      await stage.rest(LASTS_MS)
      await end()
      back()
      for (const instance of stage.instances) await stage.served(instance)
      await stage.rest(BETWEEN_MS)
      tell(stage, name, from)
      stage.played()
    }
    const grown = stage.instances.map(({ megabytes }, at) => megabytes - (before[at] ?? 0))
    stage.note(`memory grew by ${grown.join(' and ')} MB`)
    if (Math.max(...grown) > GROWN_MAX_MB) stage.broke('an instance has grown too much')
  },
}

function tell(stage: Stage, name: string, from: number): void {
  const refused = stage.load.seen.filter(
    ({ code, sentAt }) => code === 'ledger_unavailable' && sentAt >= from,
  )
  const waits = refused.map(({ sentAt, headAt }) => (headAt ?? sentAt) - sentAt)
  const slowest = Math.max(0, ...waits)
  stage.note(`${name}: ${refused.length} refused, the slowest after ${slowest} ms`)
  if (slowest > REFUSED_WITHIN_MS) stage.broke(`a refusal took ${slowest} ms (${name})`)
}
