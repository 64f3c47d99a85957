/** The real server, as a user starts it: holds, journal, settlement and logs are on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, Admin } from './admin.ts'
import { launchServer } from './launch.ts'
import type { Target } from './target.ts'

const ACCOUNTS = 100
/** More credits than any run can spend. */
const CREDITS = '1000000000'
/** Time after the last answer until every hold must be settled, in ms. */
const SETTLE_MS = 60_000

export async function startTollkeeper(upstreamPort: number, directory: string): Promise<Target> {
  const { origin, port, token, process } = await launchServer(directory, {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
    OPENAI_API_KEY: 'x',
    LOG_LEVEL: 'info',
  })
  const admin = new Admin(origin, token)
  const { accounts, keys } = await fund(admin)
  const confirm = () => confirmSettled(admin, accounts)
  // The node process with all its threads; Postgres is a child of it and does not count.
  return { name: 'tollkeeper', port, keys, pids: () => [process.pid], confirm }
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
