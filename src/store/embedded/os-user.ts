import { statSync } from 'node:fs'
import { run } from './run.ts'

/** The OS user that Postgres runs under, numbers as the kernel knows them. */
export type OsUser = { name: string; uid: number; gid: number }

/** `nobody` is second best: other services may share it, and with it the database's files. */
const CANDIDATES = ['postgres', 'nobody']

/**
 * Postgres refuses to run as root, so root lends it another user: the owner of a cluster that is
 * there already, else `postgres`, `nobody`, or a `postgres` made for it. Undefined when this
 * process is not root: then Postgres runs as it is.
 * @throws Error when no such user can be had
 */
export async function userForPostgres(cluster?: string): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const user = cluster ? ownerOf(cluster) : ((await firstUser(CANDIDATES)) ?? (await makeUser()))
  await run('id', [], user).catch((cause) => {
    const why = `root may not become ${user.name} here, and Postgres does not run as root`
    throw new Error(`${why}: start Tollkeeper as another user`, { cause })
  })
  return user
}

async function makeUser(): Promise<OsUser> {
  const options = ['--system', '--user-group', '--no-create-home']
  const fault = await run('useradd', [...options, 'postgres']).catch((error: Error) => error)
  const made = await firstUser(['postgres'])
  if (made) return made
  throw new Error(
    'Postgres does not run as root, there is neither a user "postgres" nor "nobody", and none ' +
      'could be made: create one with "useradd --system postgres" or start as another user',
    { cause: fault },
  )
}

/** The first of these names that the system knows as an ordinary user. */
export async function firstUser(names: string[]): Promise<OsUser | undefined> {
  for (const name of names) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)])
    if (uid && gid) return { name, uid, gid }
  }
  return undefined
}

async function idOf(flag: '-u' | '-g', name: string): Promise<number> {
  return Number(await run('id', [flag, name]).catch(() => 0))
}

function ownerOf(cluster: string): OsUser {
  const { uid, gid } = statSync(cluster)
  if (uid !== 0) return { name: `user ${uid}`, uid, gid }
  throw new Error(
    `${cluster} belongs to root, as which Postgres does not run: ` +
      `give it to the user "postgres" with "chown -R postgres ${cluster}"`,
  )
}
