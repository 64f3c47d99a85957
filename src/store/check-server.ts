import type postgres from 'postgres'

/** The oldest Postgres that has what the schema and its functions need. */
const OLDEST_MAJOR = 15

/**
 * Encodings that take every character of a client, or of an upstream's error: any other refuses
 * the record of a request for its contents. SQL_ASCII keeps bytes as they are.
 */
const ENCODINGS = ['UTF8', 'SQL_ASCII']

/**
 * What settings begin with. A database or a role may have others: times and bytes could not be
 * read then, and statements that wait for each other would fail.
 */
const SETTINGS = {
  datestyle: 'ISO',
  bytea_output: 'hex',
  default_transaction_isolation: 'read committed',
} as const

type SettingName = keyof typeof SETTINGS

/** A version such as `15.4`, its number such as 150004, and the encoding of the database. */
type ServerFacts = { version: string; number: number; encoding: string } & {
  [name in SettingName]: string
}

/** Looks whether this Postgres can be used at all. @throws Error that says what it has to be */
export async function checkServer(sql: postgres.Sql): Promise<void> {
  const [facts] = await sql<[ServerFacts]>`
    select current_setting('server_version') as version,
      current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding,
      current_setting('datestyle') as datestyle,
      current_setting('bytea_output') as bytea_output,
      current_setting('default_transaction_isolation') as default_transaction_isolation`
  const fault = serverFault(facts)
  if (fault !== null) throw new Error(fault)
}

/** Why such a server can not be used; null where it can. */
export function serverFault(facts: ServerFacts): string | null {
  const { version, number, encoding } = facts
  if (number < OLDEST_MAJOR * 10_000) {
    return `it is version ${version}, and has to be ${OLDEST_MAJOR} or newer`
  }
  if (!ENCODINGS.includes(encoding)) {
    return `the encoding of the database is ${encoding}, and has to be UTF8`
  }
  const names = Object.keys(SETTINGS) as SettingName[]
  const wrong = names.find((name) => !facts[name].startsWith(SETTINGS[name]))
  if (wrong === undefined) return null
  const whose = 'of this database or its role'
  return `the setting ${wrong} ${whose} is ${facts[wrong]}, and has to be ${SETTINGS[wrong]}`
}
