import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ logLevel: 'info' })
})
afterAll(() => proxy.close())

const ask = { model: 'sandbox-echo', messages: [{ role: 'user', content: 'Hello' }] }

/** Whether a request that goes well, and one that is refused, leave a line. */
async function linesOf(key: string): Promise<boolean[]> {
  const known = await proxy.chat(key, ask)
  const refused = await proxy.chat('not a key', ask)
  const ids = [known, refused].map(({ headers }) => headers.get('x-request-id') as string)
  await proxy.settled(ids[0] as string)
  await proxy.app.database.settlements.idle()
  await fetch(`${proxy.origin}/healthz`)
  return ids.map((id) => proxy.logs.some(({ request_id, msg }) => request_id === id && msg))
}

describe('/admin/log-level', () => {
  test('is what the process was started with', async () => {
    const answer = await proxy.admin('GET', '/log-level')
    expect(answer).toEqual({ status: 200, body: { level: 'info' } })
  })

  test('changes what is logged, at once', async () => {
    const { key } = await proxy.customer('10')
    expect(await linesOf(key)).toEqual([true, true])
    const put = await proxy.admin('PUT', '/log-level', { level: 'warn' })
    expect(put).toEqual({ status: 200, body: { level: 'warn' } })
    expect(await linesOf(key)).toEqual([false, true])
    await proxy.admin('PUT', '/log-level', { level: 'silent' })
    expect(await linesOf(key)).toEqual([false, false])
    expect((await proxy.admin('GET', '/log-level')).body).toEqual({ level: 'silent' })
    await proxy.admin('PUT', '/log-level', { level: 'info' })
    expect(await linesOf(key)).toEqual([true, true])
  })

  test.each([
    [{ level: 'loud' }, 'level'],
    [{ level: 30 }, 'level'],
    [{}, 'level'],
    [{ level: 'info', pretty: true }, 'pretty'],
  ])('refuses %j and stays as it is', async (body, param) => {
    const { status, body: answer } = await proxy.admin('PUT', '/log-level', body)
    const code = param in body ? 'invalid_value' : 'missing_required_parameter'
    expect([status, answer.error.code, answer.error.param]).toEqual([400, code, param])
    expect((await proxy.admin('GET', '/log-level')).body).toEqual({ level: 'info' })
  })

  test('needs the admin token', async () => {
    for (const method of ['GET', 'PUT']) {
      const answer = await fetch(`${proxy.origin}/admin/log-level`, { method })
      expect(answer.status).toBe(401)
    }
  })
})
