import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { findHome, homeAt } from '../../src/store/embedded/home.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { findPostmaster } from '../../src/store/embedded/postmaster.ts'
import { freePort } from './free-port.ts'

/** Milliseconds between two looks at a process or a port, and the most a start may take. */
const POLL_MS = 20
const START_MS = 60_000

/**
 * A real postmaster of its own, on a port it keeps, in the hands of whoever wants to stop, kill or
 * freeze it. Linux only: processes are found in /proc.
 */
export class OwnPostgres {
  readonly url: string
  readonly #folder: string
  readonly #cluster: string
  /** How it was started, on a port that is still there after a stop: a new start is the same. */
  readonly #command: string[]
  readonly #leave: () => Promise<void>

  private constructor(first: string, port: number, folder: string, leave: () => Promise<void>) {
    const url = new URL(first)
    url.port = String(port)
    this.url = url.href
    this.#folder = folder
    this.#leave = leave
    this.#cluster = homeAt(findHome(folder) as string).cluster
    const command = readFileSync(`/proc/${this.pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    this.#command = command.map((word) => word.replace(/^port=\d+$/, `port=${port}`))
  }

  /** Makes an empty database and starts it. */
  static async start(): Promise<OwnPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-postgres-'))
    await chmod(folder, 0o711) // its own user has to pass through, where we are root
    const { url, stop } = await startEmbeddedPostgres({ dataDir: folder })
    const own = new OwnPostgres(url, await freePort(), folder, stop)
    await own.stop()
    await own.startAgain()
    return own
  }

  /** The postmaster's process. @throws Error when none runs */
  get pid(): number {
    const postmaster = findPostmaster(this.#cluster)
    if (!postmaster) throw new Error('the postmaster does not run')
    return postmaster.pid
  }

  /** Fast shutdown: ends every session, writes a checkpoint. Resolves when it is over. */
  async stop(): Promise<void> {
    const { pid } = this
    process.kill(pid, 'SIGINT')
    await until(() => !isAlive(pid))
  }

  /** kill -9 of the postmaster and all its children: the data is as a crash leaves it. */
  async kill(): Promise<void> {
    const family = this.#freeze()
    for (const pid of family) send(pid, 'SIGKILL')
    await until(() => !family.some(isAlive))
  }

  /** Starts it again as it was started first. Resolves when it answers. */
  async startAgain(): Promise<void> {
    const [program = '', ...args] = this.#command
    const { uid, gid } = statSync(this.#cluster)
    const owner = process.getuid?.() === 0 ? { uid, gid } : {}
    const options = { detached: true, stdio: 'ignore', cwd: '/', ...owner } as const
    spawn(program, args, options).unref()
    await until(() => this.#answers())
  }

  /** Freezes all its processes: sockets stay open, and nobody answers. */
  pause(): void {
    this.#freeze()
  }

  resume(): void {
    const { pid } = this
    for (const one of [...childrenOf(pid), pid]) send(one, 'SIGCONT')
  }

  async close(): Promise<void> {
    if (findPostmaster(this.#cluster)) this.resume()
    await this.#leave()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** The postmaster first: from then on it starts no more children. */
  #freeze(): number[] {
    const { pid } = this
    send(pid, 'SIGSTOP')
    const children = childrenOf(pid)
    for (const child of children) send(child, 'SIGSTOP')
    return [pid, ...children]
  }

  async #answers(): Promise<boolean> {
    const sql = postgres(this.url, { max: 1, connect_timeout: 1, fetch_types: false })
    const answer = await sql`select 1`.catch(() => null)
    await sql.end({ timeout: 0 })
    return answer !== null
  }
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
  return pids.filter((pid) => parentOf(pid) === parent)
}

/** The fourth field of its status, after a name that may hold spaces and brackets. */
function parentOf(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null // it has ended since the folder was read
  }
}

function isAlive(pid: number): boolean {
  return send(pid, 0)
}

/** @returns false when there is no such process any more */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + START_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Postgres did not get there: ${isSo}`)
    await delay(POLL_MS)
  }
}
