import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disposeAtExit, stopAll } from '../../../bench/processes.ts'
import { launchServer, type Server } from '../../../bench/targets/launch.ts'
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts'

/**
 * How long the upstream may be silent within an answer, in ms: a test card falls silent. Long
 * enough for a client to leave meanwhile, also on a busy machine.
 */
const UPSTREAM_IDLE_MS = 6_000

/** A Tollkeeper with its database, and the upstream behind it. */
export type World = {
  sandbox: Sandbox
  server: Server
  /** A call of the admin API; throws on any answer but 2xx. */
  admin(method: string, path: string, body?: object): Promise<any>
  /** Throws unless the ledger is in order and the upstream has nothing left to do. */
  confirm(): Promise<void>
  /** Ends Postgres at once. Nothing brings it back. */
  loseLedger(): void
  close(): Promise<void>
}

/** Starts the upstream here and Tollkeeper as a process of its own; `stopAll` ends that. */
export async function startWorld(): Promise<World> {
  const sandbox = await startSandbox()
  const directory = await mkdtemp(join(tmpdir(), 'tollkeeper-sdk-'))
  disposeAtExit(directory)
  const server = await launchServer(directory, {
    OPENAI_BASE_URL: sandbox.url,
    OPENAI_API_KEY: 'upstream',
    UPSTREAM_IDLE_TIMEOUT_MS: String(UPSTREAM_IDLE_MS),
    LOG_LEVEL: 'info',
  })
  const world: World = {
    sandbox,
    server,
    admin: (...call) => callAdmin(server, ...call),
    confirm: () => confirm(world),
    loseLedger() {
      for (const pid of server.postmasters()) process.kill(pid, 'SIGQUIT')
    },
    async close() {
      // At once: it may have no ledger to take its leave of.
      server.process.child.kill('SIGKILL')
      await stopAll()
      await sandbox.close()
    },
  }
  await furnish(world)
  return world
}

/** What some scenarios need besides an account: a tier, and a model with a price. */
async function furnish({ admin }: World): Promise<void> {
  await admin('PUT', '/tiers/narrow', { models: ['sandbox-slow'] })
  await admin('PUT', '/models/dear-echo', { hold_output_tokens: 8 })
  const creditAToken = { input: '0', output: '1000' }
  await admin('POST', '/prices', { provider: 'openai', model: 'dear-echo', ...creditAToken })
}

async function confirm({ admin, sandbox }: World): Promise<void> {
  const audit = await admin('GET', '/audit')
  if (!audit.ok) throw new Error(`the ledger is not in order: ${JSON.stringify(audit)}`)
  if (sandbox.open() > 0) throw new Error(`${sandbox.open()} calls are still open upstream`)
}

/** A call of the admin API of a server; throws on any answer but 2xx. */
export async function callAdmin(
  { origin, token }: Server,
  method: string,
  path: string,
  body?: object,
): Promise<any> {
  const response = await fetch(`${origin}/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (response.ok) return JSON.parse(text)
  throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`)
}
