import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { type Example, readExamples, Variables } from './examples.ts'
import { fetchDocument } from './openapi.ts'

const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')

test('the examples of docs/api.md answer what the page shows', async () => {
  const proxy = await startProxy()
  const variables = new Variables({ $ADMIN_TOKEN: ADMIN_TOKEN })
  const examples = readExamples(page)
  expect(examples.length).toBeGreaterThan(10)
  for (const example of examples) {
    const { response, text } = await send(proxy.origin, example, variables)
    const about = `${example.method} ${example.path}: ${text}`
    const { answer } = example
    expect(response.status, about).toBe(answer.status)
    for (const [name, value] of answer.headers) {
      const actual = response.headers.get(name) ?? 'nothing'
      const isShown = variables.matches(decodeURIComponent(value), actual)
      expect(isShown, `${name}: ${actual}; ${about}`).toBe(true)
    }
    if (answer.body.startsWith('{')) {
      expect(variables.differences(JSON.parse(answer.body), JSON.parse(text)), about).toEqual([])
    } else {
      expect(variables.matches(answer.body, text.trim()), about).toBe(true)
      expect(text).not.toContain('[DONE]')
    }
    const id = response.headers.get('x-request-id') as string
    if (example.path === '/v1/chat/completions') await proxy.logOf(id)
    if (example.headers.has('idempotency-key')) await noneRuns(proxy)
  }
  await proxy.close()
})

/** Waits until no request has its key for itself any more: then its answer is kept. */
function noneRuns({ sql }: Tollkeeper): Promise<true> {
  return eventually(async () => {
    const running = await sql`select 1 from idempotency_keys where state = 'running'`
    return running.length === 0 || undefined
  })
}

async function send(origin: string, example: Example, variables: Variables) {
  const { method, path, body } = example
  const given = [...example.headers].map(([name, value]) => [name, decodeURIComponent(value)])
  const headers = given.map(([name = '', value = '']) => [name, variables.fill(value)])
  const response = await fetch(origin + variables.fill(path), {
    method,
    headers: {
      ...Object.fromEntries(headers),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: variables.fill(body) }),
  })
  return { response, text: await response.text() }
}

test('docs/api.md lists every path of the client API, and no other', async () => {
  const proxy = await startProxy()
  const { paths } = await fetchDocument(proxy)
  const listed = page.slice(page.indexOf('## Endpoints'), page.indexOf('## What differs'))
  const shown = [...listed.matchAll(/\/v1\/[\w/]+(?:\{\w+\})?/g)].map(([path]) => path)
  const served = Object.keys(paths).filter((path) => path.startsWith('/v1/'))
  expect(shown.sort()).toEqual(served.map((path) => path.replace('{name}', '{id}')).sort())
  await proxy.close()
})
