import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type postgres from 'postgres'
import { inject } from 'vitest'
import { type AppConfig, buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { createTestDatabase } from './database.ts'
import { ADMIN_TOKEN, SECRET_KEY, UPSTREAM_KEY } from './secrets.ts'

export type LogLine = Record<string, unknown> & { msg?: string; level: number }

export type Customer = { accountId: string; keyId: string; key: string }

export type Proxy = {
  app: FastifyInstance
  /** The base URL an SDK is given: ends in /v1. */
  url: string
  origin: string
  sandbox: Sandbox
  sql: postgres.Sql
  databaseUrl: string
  logs: LogLine[]
  /** A call of the admin API. */
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>
  /** An account with so many credits (a decimal string) and a key. */
  customer(credits: string, options?: { tier?: string }): Promise<Customer>
  /** POST /v1/chat/completions with a key. */
  chat(key: string, body: unknown, init?: RequestInit): Promise<Response>
  /** The line logged for a request; waits for it. */
  logOf(requestId: string): Promise<LogLine>
  /** GET /admin/requests/:id once the request is settled. */
  settled(requestId: string): Promise<any>
  close(): Promise<void>
}

export type ProxyOptions = {
  /** Environment variables on top of the defaults. */
  env?: Record<string, string>
  /** Shares the database, and so the money, of another proxy. */
  databaseUrl?: string
  /** Shares the sandbox of another proxy. */
  sandbox?: Sandbox
  logLevel?: string
  /** Default 0: any free one. */
  port?: number
  /** Another pace for the audit that runs by itself. */
  auditPace?: AppConfig['auditPace']
  /** Another way to resolve the names of upstreams. */
  resolver?: AppConfig['resolver']
  /** Another clock for circuits and retries. */
  routingClock?: AppConfig['routingClock']
}

/** A real proxy on a real socket, with a real database and a sandbox upstream. */
export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const database = options.databaseUrl ? null : await createTestDatabase()
  const databaseUrl = options.databaseUrl ?? (database?.url as string)
  const sandbox = options.sandbox ?? (await startSandbox())
  const config = loadConfig({
    DATABASE_URL: databaseUrl,
    SECRET_KEY,
    ADMIN_TOKEN,
    DATA_DIR: join(inject('logDir'), randomUUID()),
    OPENAI_BASE_URL: sandbox.url,
    OPENAI_API_KEY: UPSTREAM_KEY,
    ...options.env,
  })
  const logs: LogLine[] = []
  const logger = captureLog(logs, options.logLevel ?? 'debug')
  const { auditPace = {}, resolver, routingClock } = options
  const app = await buildApp(
    {
      ...(config as AppConfig),
      auditPace,
      ...(resolver && { resolver }),
      ...(routingClock && { routingClock }),
    },
    logger,
  )
  const origin = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  const sql = database?.sql ?? (await import('postgres')).default(databaseUrl, { max: 2 })

  const admin: Proxy['admin'] = async (method, path, body) => {
    const response = await fetch(`${origin}/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }

  return {
    app,
    url: `${origin}/v1`,
    origin,
    sandbox,
    sql,
    databaseUrl,
    logs,
    admin,
    async customer(credits, { tier } = {}) {
      const account = await admin('POST', '/accounts', {
        name: 'test',
        credits,
        ...(tier && { tier }),
      })
      const key = await admin('POST', `/accounts/${account.body.id}/keys`, {})
      return { accountId: account.body.id, keyId: key.body.id, key: key.body.key }
    },
    chat: (key, body, init = {}) =>
      fetch(`${origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      }),
    logOf: (requestId) =>
      eventually(() =>
        logs.find((line) => line.request_id === requestId && line.msg === 'request'),
      ),
    settled: (requestId) =>
      eventually(async () => {
        const { status, body } = await admin('GET', `/requests/${requestId}`)
        return status === 200 && body.state !== 'running' ? body : undefined
      }),
    async close() {
      await app.close()
      await sql.end({ timeout: 1 })
      if (!options.sandbox) await sandbox.close()
    },
  }
}

/** Waits until a check finds something, at most so many seconds: also on a machine that stalls. */
export async function eventually<T>(
  check: () => T | undefined | Promise<T | undefined>,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${check}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Log lines in memory for the test, and in the run's folder for the canary check at its end. */
function captureLog(logs: LogLine[], level: string) {
  const file = createWriteStream(join(inject('logDir'), `${randomUUID()}.log`))
  return pino(
    { level },
    {
      write(line: string) {
        logs.push(JSON.parse(line))
        file.write(line)
      },
    },
  )
}
