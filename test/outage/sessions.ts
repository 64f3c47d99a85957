import postgres from 'postgres'

/** Sessions of the pool, and the one that listens, which have the same name. */
const POOL_MAX = 5

/** The parts of Tollkeeper that have more sessions with a database than they use. */
export async function leakedSessions(databaseUrl: string): Promise<string[]> {
  const sql = postgres(databaseUrl, { max: 1 })
  const rows = await sql<{ name: string; count: number }[]>`
    select application_name as name, count(*)::int as count from pg_stat_activity
    where datname = current_database() and application_name like 'tollkeeper%' group by 1`
  await sql.end()
  const mostOf = (name: string) => (name === 'tollkeeper' ? POOL_MAX : 1) // a lane has one
  return rows
    .filter(({ name, count }) => count > mostOf(name))
    .map(({ name, count }) => `${name}: ${count}`)
}
