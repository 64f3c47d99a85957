import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { LOOPBACK, putModel, putProvider } from '../routing/setup.ts'
import { finish, scrape } from './scrape.ts'

/** The rows of the table of metrics: name, type, labels. */
async function documentedMetrics(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `(tollkeeper_\w+)` \| (\w+) \|([\w, ]*)\|/gm)
  return [...rows].map(([, name, type, labels = '']) => `${name} ${type} (${labels.trim()})`)
}

test('the table of docs/metrics.md is what the app serves: names, types and labels', async () => {
  const proxy = await startProxy({ env: LOOPBACK })
  const { key } = await proxy.customer('1000')
  await finish(proxy, key, { model: 'sandbox-echo', stream: true })
  await finish(proxy, key, { model: 'sandbox-error-500', stream: true })
  await putProvider(proxy, 'acme', proxy.sandbox)
  await putModel(proxy, 'two-ways', [
    { provider: 'acme', upstream_model: 'sandbox-error-500', priority: 0 },
    { provider: 'acme', upstream_model: 'sandbox-echo', priority: 1 },
  ])
  await finish(proxy, key, { model: 'two-ways' })
  const metrics = await scrape(proxy)
  const served = [...metrics.text.matchAll(/^# TYPE (tollkeeper_\w+) (\w+)$/gm)]
  const rows = served.map(([, name = '', type]) => {
    const sample = metrics.samples.find((one) => one.name === name || one.name === `${name}_count`)
    return `${name} ${type} (${Object.keys(sample?.labels ?? {}).join(', ')})`
  })
  expect((await documentedMetrics()).sort()).toEqual(rows.sort())
  await proxy.close()
})
