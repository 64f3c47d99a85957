/** The real server, as a user starts it: holds, journal, settlement and logs are on. */
import { randomBytes } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../machine.ts'
import { type Owned, start } from '../processes.ts'
import { type Account, Admin } from './admin.ts'
import { untilAnswers } from './ready.ts'
import type { Target } from './target.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SERVER = 'src/server.ts'
const ACCOUNTS = 100
/** More credits than any run can spend. */
const CREDITS = '1000000000'
/** Time for initdb, migrations and the first /readyz, in ms. */
const START_MS = 120_000
/** Time after the last answer until every hold must be settled, in ms. */
const SETTLE_MS = 15_000
const LOG_TAIL_LINES = 20

export async function startTollkeeper(upstreamPort: number, directory: string): Promise<Target> {
  if (!existsSync(join(ROOT, SERVER))) {
    throw new Error(`${SERVER} does not exist; leave tollkeeper out with --targets nginx,relay`)
  }
  // The embedded Postgres runs under a user of its own, who must be able to pass through.
  await chmod(directory, 0o711)
  const data = join(directory, 'data')
  await mkdir(data)
  const port = await freePort()
  const token = randomBytes(24).toString('hex')
  const log = join(directory, 'tollkeeper.log')
  const server = await launch(data, log, {
    HOST: '127.0.0.1',
    PORT: String(port),
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    OPENAI_API_KEY: 'x',
    DATA_DIR: data,
    ADMIN_TOKEN: token,
    LOG_LEVEL: 'info',
  })
  const admin = new Admin(`http://127.0.0.1:${port}`, token)
  try {
    await untilAnswers(`http://127.0.0.1:${port}/readyz`, START_MS, server)
    const { accounts, keys } = await fund(admin)
    const confirm = () => confirmSettled(admin, accounts)
    // The node process with all its threads; Postgres is a child of it and does not count.
    return { name: 'tollkeeper', port, keys, pids: () => [server.pid], confirm }
  } catch (error) {
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES)
    throw new Error(`${String(error)}\nthe end of its log:\n${lines.join('\n')}`)
  }
}

/** Only the named settings, so that no DATABASE_URL of the shell points it at a real database. */
async function launch(data: string, log: string, settings: NodeJS.ProcessEnv): Promise<Owned> {
  const { PATH, HOME, LANG } = process.env
  const file = await open(log, 'a')
  const server = await start('tollkeeper', process.execPath, [SERVER], {
    cwd: ROOT,
    stdio: ['ignore', file.fd, file.fd],
    env: { PATH, HOME, LANG, ...settings },
    others: () => postmasters(data),
  })
  await file.close()
  return server
}

/** A killed server leaves its Postgres running: the pid files below the data directory name it. */
function postmasters(data: string): number[] {
  const files = globSync('{,*/,*/*/}postmaster.pid', { cwd: data })
  return files.flatMap((file) => {
    const pid = Number.parseInt(readFileSync(join(data, file), 'latin1'), 10)
    return pid > 0 ? [pid] : []
  })
}

async function fund(admin: Admin): Promise<{ accounts: Account[]; keys: string[] }> {
  const accounts: Account[] = []
  const keys: string[] = []
  for (let index = 0; index < ACCOUNTS; index++) {
    const account = await admin.createAccount(`bench ${index}`, CREDITS)
    accounts.push(account)
    keys.push(await admin.createKey(account.id))
  }
  return { accounts, keys }
}

/** A fast run that did not charge would prove nothing: every account paid, nothing is held. */
async function confirmSettled(admin: Admin, accounts: Account[]): Promise<void> {
  const deadline = performance.now() + SETTLE_MS
  for (const { id, posted } of accounts) {
    let now = await admin.account(id)
    while (Number(now.held) !== 0 && performance.now() < deadline) {
      await sleep(200)
      now = await admin.account(id)
    }
    if (Number(now.held) !== 0) throw new Error(`${id} still has ${now.held} credits held`)
    if (Number(now.posted) >= Number(posted)) throw new Error(`${id} was never charged`)
  }
}
