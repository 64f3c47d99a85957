import postgres from 'postgres'
import { createTestDatabase } from '../harness/database.ts'
import { FaultProxy } from '../harness/fault-proxy.ts'
import { OwnPostgres } from '../harness/own-postgres.ts'

/** A database, the way to it, and one way in which it can be away. */
export type Outage = {
  link: FaultProxy
  /** A way to the database that the outage leaves alone, as far as there is one. */
  direct: string
  begin(): Promise<void>
  end(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds by which a slow Postgres is late. */
const LATE = { leastMs: 100, mostMs: 300 }

/** Sessions that others try to have: more than Postgres allows. */
const SESSIONS = 100

/** The ways in which Postgres is away, each as it ends the sentence "while Postgres". */
export const OUTAGES: Record<string, () => Promise<Outage>> = {
  async 'refuses connections'() {
    const { link, ...shared } = await sharedPostgres()
    return { ...shared, link, begin: () => link.refuse(), end: () => link.accept() }
  },
  async hangs() {
    const { link, ...shared } = await sharedPostgres()
    return { ...shared, link, begin: async () => link.pause(), end: async () => link.resume() }
  },
  async restarts() {
    const { link, own, ...rest } = await ownPostgres()
    return { ...rest, link, begin: () => own.stop(), end: () => own.startAgain() }
  },
  async 'has no connection left'() {
    const { link, own, ...rest } = await ownPostgres()
    const others: postgres.Sql[] = []
    return {
      ...rest,
      link,
      async begin() {
        others.push(...(await takeSessions(own.url)))
        link.cut()
        others.push(...(await takeSessions(own.url)))
      },
      end: () => endAll(others),
    }
  },
}

/** Each answer is late, but comes: that is no outage, and nothing may break. */
export async function slowPostgres(): Promise<Outage> {
  const { link, ...shared } = await sharedPostgres()
  return {
    ...shared,
    link,
    begin: async () => link.delayAnswers(LATE),
    end: async () => link.delayAnswers(null),
  }
}

async function sharedPostgres() {
  const { url, sql } = await createTestDatabase()
  await sql.end()
  const link = await FaultProxy.start(url)
  return { link, direct: url, close: () => link.close() }
}

/** One that may be stopped, or filled, without harm to other tests. */
async function ownPostgres() {
  const own = await OwnPostgres.start()
  const link = await FaultProxy.start(own.url)
  const close = async () => {
    await link.close()
    await own.close()
  }
  return { own, link, direct: own.url, close }
}

/** Takes what sessions are free. */
async function takeSessions(url: string): Promise<postgres.Sql[]> {
  const others = Array.from({ length: SESSIONS }, () => postgres(url, { max: 1 }))
  const took = await Promise.allSettled(others.map((sql) => sql`select 1`))
  await endAll(others.filter((_, at) => took[at]?.status === 'rejected'))
  return others.filter((_, at) => took[at]?.status === 'fulfilled')
}

async function endAll(sessions: postgres.Sql[]): Promise<void> {
  await Promise.all(sessions.map((sql) => sql.end({ timeout: 0 })))
}
