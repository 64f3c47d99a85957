import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { MORE_THAN_KERNEL_KEEPS } from '../harness/kernel.ts'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { about, examine, LOOPBACK, quirksOf, startHospital } from './patient.ts'
import { type Scripted, sendJson, startScripted } from './scripted.ts'

const MIB = 1024 * 1024

/** Bytes an upstream gets rid of at most: what is read of an answer, and what the kernel keeps. */
const POURED_MAX = MORE_THAN_KERNEL_KEEPS + 16 * MIB

/** Writes without end, until the other side has had enough. @returns bytes that were written */
function pour(res: ServerResponse, type: string, piece: string, head = ''): { bytes: number } {
  const poured = { bytes: 0 }
  res.writeHead(200, { 'content-type': type })
  res.write(head)
  const more = () => {
    while (!res.destroyed && res.write(piece)) poured.bytes += piece.length
  }
  res.on('drain', more)
  more()
  return poured
}

/** An upstream that is as usual but for one kind of request. */
function startUpstream(
  isOdd: (line: string, body: string) => boolean,
  odd: (res: ServerResponse) => void,
): Promise<Scripted> {
  return startScripted((req, res, body) => {
    if (isOdd(`${req.method} ${req.url}`, body)) odd(res)
    else if (body === '{}') sendJson(res, 400, { error: { message: 'model is missing' } })
    else if (req.method === 'GET') sendJson(res, 200, { data: [{ id: 'm' }] })
    else sendJson(res, 200, { id: 'a', choices: [{ index: 0, message: { content: 'Hi' } }] })
  })
}

test('of an answer without end only so much is read', async () => {
  const poured: { bytes: number }[] = []
  const upstream = await startUpstream(
    (_, body) => body.includes('"stream":true'),
    (res) => poured.push(pour(res, 'text/event-stream', `: ${'x'.repeat(64_000)}\n\n`)),
  )
  const proxy = await startHospital()
  const diagnosis = await examine(proxy, { base_url: upstream.url })
  expect(quirksOf(diagnosis)).toContain('stream-fails')
  expect(diagnosis.usable).toBe(true)
  for (const { bytes } of poured) expect(bytes).toBeLessThan(POURED_MAX)
  await Promise.all([proxy.close(), upstream.close()])
})

test('of a list of models without end only so much is read', async () => {
  let poured = { bytes: 0 }
  const upstream = await startUpstream(
    (line) => line.startsWith('GET'),
    (res) => {
      const model = `${JSON.stringify({ id: 'm'.repeat(60_000) })},`
      poured = pour(res, 'application/json', model, '{"data":[')
    },
  )
  const proxy = await startHospital()
  const diagnosis = await examine(proxy, { base_url: upstream.url, model: 'm' })
  expect(about(diagnosis, 'models').quirk).toBe('no-model-list')
  expect(poured.bytes).toBeLessThan(POURED_MAX)
  await Promise.all([proxy.close(), upstream.close()])
})

test('an upstream that never answers takes no longer than a provider may', async () => {
  const upstream = await startScripted(() => {})
  const proxy = await startProxy({
    env: { ...LOOPBACK, UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '1000' },
  })
  const diagnosis = await examine(proxy, { base_url: upstream.url, model: 'm' })
  expect(quirksOf(diagnosis)).toEqual(['unreachable'])
  await eventually(() => upstream.seen.length > 0)
  expect(upstream.seen).toHaveLength(1)
  await Promise.all([proxy.close(), upstream.close()])
})

test('whoever asked has gone: the call that runs is broken off, and no other is made', async () => {
  let closed = false
  const upstream = await startScripted((_req, res) => {
    res.once('close', () => {
      closed = true
    })
  })
  const proxy = await startHospital()
  const operator = new AbortController()
  const asking = fetch(`${proxy.origin}/admin/doctor`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ base_url: upstream.url, model: 'm' }),
    signal: operator.signal,
  }).catch(() => null)
  await eventually(() => upstream.seen.length > 0 || undefined)
  operator.abort()
  await asking
  await eventually(() => closed || undefined)
  expect(upstream.seen).toHaveLength(1)
  await Promise.all([proxy.close(), upstream.close()])
})

test('a server that shuts down does not wait for an examination', async () => {
  const upstream = await startScripted(() => {})
  const proxy = await startHospital()
  const asking = proxy.admin('POST', '/doctor', { base_url: upstream.url, model: 'm' })
  asking.catch(() => {})
  await eventually(() => upstream.seen.length > 0 || undefined)
  await proxy.close()
  const { status, body } = await asking
  expect([status, quirksOf(body)]).toEqual([200, ['unreachable']])
  expect(about(body, 'base_url').seen).toBe('the examination was broken off')
  await upstream.close()
})
