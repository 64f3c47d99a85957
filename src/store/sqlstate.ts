/** SQLSTATE classes that blame the data of a statement, not the connection or the server. */
const DATA_FAULTS = /^(22|23|P0)/

/** What Postgres, postgres.js and the socket say when the database can not be used right now. */
const UNAVAILABLE =
  /^(08|53|57P|57014|25006|CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOST)/

/** What `reserve` raises to an instance that was declared dead. */
const DECLARED_DEAD = 'TKDED'

const NUMERIC_VALUE_OUT_OF_RANGE = '22003'
const QUERY_CANCELED = '57014'

/** The code of a database error: a SQLSTATE, or the driver's or the socket's own. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/**
 * The database's own error. Drizzle wraps it in one whose message repeats the statement and its
 * parameters, which belong in no log.
 */
export function databaseError(error: unknown): unknown {
  return error instanceof Error && 'query' in error && error.cause ? error.cause : error
}

/** Whether a row of the statement was at fault, so that the same statement fails again. */
export function isDataFault(error: unknown): boolean {
  return DATA_FAULTS.test(codeOf(databaseError(error)))
}

/** Whether the database is away, and the statement may succeed later. */
export function isUnavailable(error: unknown): boolean {
  return UNAVAILABLE.test(codeOf(databaseError(error)))
}

/** Whether others have declared this instance dead. */
export function isDeclaredDead(error: unknown): boolean {
  return codeOf(databaseError(error)) === DECLARED_DEAD
}

/** Whether a sum would leave what its type can count. */
export function isOutOfRange(error: unknown): boolean {
  return codeOf(databaseError(error)) === NUMERIC_VALUE_OUT_OF_RANGE
}

/** Whether a statement was cancelled: by its timeout, or by somebody. */
export function isCancelled(error: unknown): boolean {
  return codeOf(databaseError(error)) === QUERY_CANCELED
}
