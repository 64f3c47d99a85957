import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { welcome } from '../../src/demo.ts'
import { eventually } from '../harness/proxy.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const run = promisify(execFile)

test('a welcome names no model of the sandbox where the upstream is another', () => {
  expect(welcome('http://127.0.0.1:8080/v1', 'tk_key', false)).not.toContain('sandbox')
})

describe('a machine with nothing set up', () => {
  let dataDir: string
  let server: ServerProcess
  let key: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-start-'))
  })
  afterAll(async () => {
    await server?.stop('SIGTERM')
    await rm(dataDir, { recursive: true, force: true })
  })

  const credits = async (origin: string) => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = (await (await fetch(`${origin}/v1/credits`, { headers })).json()) as any
    return answer.data
  }

  test('is told a base URL, a key and a line to paste, on standard error', async () => {
    server = startServer({ DATA_DIR: dataDir })
    await server.listening()
    await eventually(() => /curl -N[\s\S]*?-d '.*?'\n/.test(server.stderr()))
    key = server.stderr().match(/tk_[0-9A-Za-z]{38}/)?.[0] as string
    expect(key).toBeDefined()
    expect(server.stdout()).not.toContain(key)
  })

  test('streams tokens when the line is pasted, and shows the charge', async () => {
    const line = server.stderr().match(/curl -N[\s\S]*?-d '.*?'\n/)?.[0] as string
    const { stdout } = await run('bash', ['-c', line])
    expect(stdout).toMatch(/"content":"Hell"[\s\S]*data: \[DONE\]\n\n$/)
    const origin = await server.listening()
    const charged = await eventually(async () => {
      const data = await credits(origin)
      return data.total_usage !== '0' && data.held === '0' ? data : undefined
    })
    expect(charged).toEqual({
      total_credits: '1000',
      total_usage: '0.06',
      held: '0',
      available: '999.94',
    })
  })

  test('keeps its secrets for their owner only', async () => {
    for (const name of ['admin-token', 'secret-key']) {
      expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
    }
  })

  test('writes JSON lines, and stops with exit code 0 when told to', async () => {
    expect(await server.stop('SIGTERM')).toBe(0)
    const lines = server.stdout().trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).msg)).toContain('stopping')
  })

  test('finds its data again, and shows no second key', async () => {
    server = startServer({ DATA_DIR: dataDir })
    expect((await credits(await server.listening())).total_usage).toBe('0.06')
    expect(server.stderr()).not.toContain('tk_')
  })

  test('finds its data again after kill -9', async () => {
    await server.stop('SIGKILL')
    server = startServer({ DATA_DIR: dataDir })
    expect((await credits(await server.listening())).total_usage).toBe('0.06')
  })
})

test('a wrong environment stops the start, with every fault named and no secret repeated', async () => {
  const server = startServer({ PORT: 'http', LOG_LEVEL: 'loud', ADMIN_TOKEN: 'too-short' })
  expect(await server.ended).toBe(1)
  for (const name of ['PORT', 'LOG_LEVEL', 'ADMIN_TOKEN']) expect(server.stderr()).toContain(name)
  expect(server.stderr()).not.toContain('too-short')
})

test('a database that is not there stops the start with one sentence', async () => {
  const server = startServer({
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    SECRET_KEY: 'a secret for this test',
  })
  expect(await server.ended).toBe(1)
  expect(server.stderr()).toMatch(/^Tollkeeper did not start: .*ECONNREFUSED.*\n$/)
})
