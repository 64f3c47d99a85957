import { expect, test } from 'vitest'
import { examine, quirksOf, startHospital } from './patient.ts'
import { startScripted } from './scripted.ts'

test('an upstream that redirects for ever is followed to few addresses', async () => {
  let at = 0
  const upstream = await startScripted((_req, res) => {
    at += 1
    res.writeHead(307, { location: `/${at}/v1/chat/completions` }).end('x'.repeat(1_000))
  })
  const proxy = await startHospital()
  const diagnosis = await examine(proxy, { base_url: upstream.url, model: 'm' })
  expect(quirksOf(diagnosis)).toEqual(['redirect'])
  expect(upstream.seen.length).toBeLessThan(16)
  await Promise.all([proxy.close(), upstream.close()])
})
