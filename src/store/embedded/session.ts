import { existsSync, realpathSync } from 'node:fs'
import postgres from 'postgres'

/** The cluster's only role. */
export const ROLE = 'tollkeeper'
const DATABASE = 'tollkeeper'
/** Advisory locks are counted a database, so all who pass the door meet in one always there. */
const MEETING_DATABASE = 'postgres'
/** Held while a process joins the users of a server, or finds that none is left and stops it. */
const DOOR_LOCK = 86_557_372
const CONNECT_TIMEOUT_S = 5
const DOOR_TIMEOUT_MS = 10_000
const PREPARE_TIMEOUT_MS = 10_000
const WRONG_PASSWORD = '28P01'

/** How to reach a server; the password is made of characters that a URL takes as they are. */
export type Access = { port: number; password: string }

/** A connection that holds the door; `leave` closes both. */
export type Door = { sql: ReturnType<typeof connect>; leave(): Promise<void> }

/** The server is not the one it should be, and waiting does not mend that. */
export class WrongServer extends Error {}

/** The URL of the application's database, for postgres.js. */
export function urlOf({ port, password }: Access, database = DATABASE): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`
}

/**
 * Passes the door of a server as one of its users (so be on the list of owners before): makes sure
 * that it knows our password and serves `cluster`, and makes the application's database when it
 * is missing.
 * @throws WrongServer, or the driver's error when the server is not there, not yet or no longer
 */
export async function enter(access: Access, cluster: string): Promise<void> {
  const door = await passDoor(access).catch((error) => {
    if (error.code !== WRONG_PASSWORD) throw error
    throw new WrongServer(`the server of ${cluster} does not take the password kept beside it`)
  })
  const timer = setTimeout(door.leave, PREPARE_TIMEOUT_MS)
  try {
    await checkFolder(door.sql, cluster)
    const found = await door.sql`select from pg_database where datname = ${DATABASE}`
    if (found.length === 0) await door.sql`create database ${door.sql(DATABASE)}`
  } finally {
    clearTimeout(timer)
    await door.leave()
  }
}

async function checkFolder(sql: Door['sql'], cluster: string): Promise<void> {
  const [row] = await sql<{ data_directory: string }[]>`show data_directory`
  const served = row?.data_directory ?? ''
  if (existsSync(served) && realpathSync(served) === realpathSync(cluster)) return
  throw new WrongServer(
    `the server that ${cluster}/postmaster.pid names serves ${served}: if this folder was moved, ` +
      'stop that server with "kill -INT <pid>"; if it is a copy, remove postmaster.pid from it',
  )
}

/**
 * Waits for the door and holds it until `leave`, or until the server ends: that opens it too.
 * @throws the driver's error when the server does not answer in time
 */
export async function passDoor(access: Access): Promise<Door> {
  const sql = connect(access)
  const leave = () => sql.end({ timeout: 0 })
  // Postgres' own timeouts do not help against a server that hangs.
  const timer = setTimeout(leave, DOOR_TIMEOUT_MS)
  try {
    await sql`select pg_advisory_lock(${DOOR_LOCK})`
    return { sql, leave }
  } catch (error) {
    await leave()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function connect(access: Access) {
  return postgres(urlOf(access, MEETING_DATABASE), {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_S,
    fetch_types: false,
    onnotice: () => {},
  })
}
