import type postgres from 'postgres'

const CHANNEL = 'tollkeeper_changes'

/**
 * Calls `onChange` with the name of each table that an instance caches and somebody changed, and
 * with `*` whenever the connection was away and a change may have been missed.
 */
export async function followChanges(
  sql: postgres.Sql,
  onChange: (table: string) => void,
): Promise<void> {
  await sql.listen(CHANNEL, onChange, () => onChange('*'))
}
