import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

/** A statement prepared by Drizzle on one connection. */
type Prepared<Row> = { execute(values: Record<string, unknown>): Promise<Row[]> }

/** Seconds a lane waits for a new connection. */
const CONNECT_TIMEOUT_S = 5

/** Milliseconds after which Postgres itself gives up a lane's statement. */
const STATEMENT_TIMEOUT_MS = 10_000

/**
 * The one connection of a lane with its one prepared statement. Money never shares a connection
 * with anything else, and never goes through `begin()`: a call is one statement.
 */
export class LaneClient<Row> {
  readonly #url: string
  readonly #name: string
  readonly #prepare: (db: PostgresJsDatabase) => Prepared<Row>
  #sql!: postgres.Sql
  #statement!: Prepared<Row>

  constructor(url: string, name: string, prepare: (db: PostgresJsDatabase) => Prepared<Row>) {
    this.#url = url
    this.#name = name
    this.#prepare = prepare
    this.#connect()
  }

  execute(values: Record<string, unknown>): Promise<Row[]> {
    return this.#statement.execute(values)
  }

  /** Drops the connection, whatever it is doing: there is no public way to abort one query. */
  reconnect(): void {
    this.#sql.end({ timeout: 0 }).catch(() => {}) // nothing waits for the old one any more
    this.#connect()
  }

  close(): Promise<void> {
    return this.#sql.end({ timeout: 5 })
  }

  #connect(): void {
    this.#sql = postgres(this.#url, {
      max: 1,
      connect_timeout: CONNECT_TIMEOUT_S,
      fetch_types: false, // nobody would catch its failure, so no lane reads an array as such
      connection: {
        application_name: `tollkeeper-${this.#name}`,
        statement_timeout: STATEMENT_TIMEOUT_MS,
      },
      onnotice: () => {},
    })
    this.#statement = this.#prepare(drizzle(this.#sql))
  }
}
