import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type postgres from 'postgres'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { createTestDatabase } from '../harness/database.ts'
import { freePort } from '../harness/free-port.ts'
import { eventually } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY, UPSTREAM_KEY } from '../harness/secrets.ts'

export type Server = {
  origin: string
  child: ChildProcess
  sandbox: Sandbox
  sql: postgres.Sql
  admin(method: string, path: string, body?: unknown): Promise<any>
  /** A new account's key. */
  key(credits: string, tier?: string): Promise<string>
  /** Ends the process with SIGTERM, and waits for it. */
  stop(): Promise<void>
}

const ENVIRONMENT = {
  SECRET_KEY,
  ADMIN_TOKEN,
  OPENAI_API_KEY: UPSTREAM_KEY,
  BODY_LIMIT_BYTES: '100000',
  UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '3000',
  DRAIN_TIMEOUT_MS: '3000',
}

/**
 * `node src/server.ts` with its standard output redirected as in a shell: `> file`, `>> file`, or
 * `> >(command)`, a pipe.
 */
export async function startServer(redirection: string): Promise<Server> {
  const sandbox = await startSandbox()
  const { url, sql } = await createTestDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-logs-'))
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const child = spawn('bash', ['-c', `exec node src/server.ts ${redirection}`], {
    env: {
      ...ENVIRONMENT,
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: url,
      OPENAI_BASE_URL: sandbox.url,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const isReady = () =>
    fetch(`${origin}/readyz`).then(
      ({ ok }) => ok || undefined,
      () => undefined,
    )
  await eventually(isReady)

  const admin: Server['admin'] = async (method, path, body) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
    const text = body === undefined ? undefined : JSON.stringify(body)
    const init = text === undefined ? { method, headers } : { method, headers, body: text }
    return (await fetch(`${origin}/admin${path}`, init)).json()
  }
  return {
    origin,
    child,
    sandbox,
    sql,
    admin,
    async key(credits, tier = 'default') {
      const { id } = await admin('POST', '/accounts', { name: 'a customer', credits, tier })
      return (await admin('POST', `/accounts/${id}/keys`, {})).key
    },
    async stop() {
      const exit = child.exitCode === null ? once(child, 'exit') : null
      child.kill('SIGTERM')
      await exit
      await Promise.all([sandbox.close(), sql.end(), rm(dataDir, { recursive: true })])
    },
  }
}
