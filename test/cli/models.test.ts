import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse, recordOf, tableOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
  for (const name of ['acme', 'spare']) {
    await cli.text(`provider set ${name} --base-url https://${name}.example.com/v1`)
  }
})
afterAll(() => proxy.close())

test('model set routes a model to a model of a provider', async () => {
  const output = await cli.text('model set fast --route acme:meta/llama-4:free')
  expect(recordOf(output)).toMatchObject({
    name: 'fast',
    routes: 'acme:meta/llama-4:free (priority 0, weight 1)',
  })
})

test('model set takes several routes, with priorities and weights', async () => {
  const routes = '--route acme,weight=3 --route spare:big,priority=1,weight=2'
  const made = await cli.json(`model set vendor/two:v1 ${routes} --context-window 1000`)
  expect(made).toMatchObject({ name: 'vendor/two:v1', context_window: 1000 })
  expect(made.routes).toEqual([
    { provider: 'acme', upstream_model: 'vendor/two:v1', priority: 0, weight: 3 },
    { provider: 'spare', upstream_model: 'big', priority: 1, weight: 2 },
  ])
})

test('model set keeps the routes and limits that are not named', async () => {
  const limits = '--context-window 1000 --max-output-tokens 100 --hold-output-tokens 10'
  const { created_at, ...before } = await cli.json(`model set kept --route acme:one ${limits}`)
  const after = await cli.json('model set kept --max-output-tokens none')
  expect(after).toMatchObject({ ...before, max_output_tokens: null })
  expect(await cli.json('model set kept --route none')).toMatchObject({ routes: [] })
})

test('model list prints a table, and with --json what the API answers', async () => {
  await cli.text('model set listed --max-output-tokens 5')
  expect(await cli.json('model list')).toEqual((await proxy.admin('GET', '/models')).body)
  const [head, ...rows] = tableOf(await cli.text('model list'))
  expect(head).toEqual(['name', 'routes', 'context', 'max output', 'hold output'])
  expect(rows.find(([name]) => name === 'listed')).toEqual(['listed', 'none', '-', '5', '-'])
})

test('model delete deletes a model, whatever characters its name has', async () => {
  await cli.text('model set gone/a:b%2F?c#d')
  const said = await cli.text('model delete gone/a:b%2F?c#d')
  expect(said).toBe('The model gone/a:b%2F?c#d is deleted.')
  const again = await cli.failure('model delete gone/a:b%2F?c#d')
  expect(again).toBe('There is no such model; see "tollkeeper model list"')
})

test('a route that can not be is named as the option it is', async () => {
  const words = misuse(await cli.run('model set x --route acme:one,speed=9'))
  expect(words).toMatch(/^--route is "acme:one,speed=9": it must be like acme:llama-4/)
  expect(await cli.failure('model set x --route nowhere:one')).toMatch(/^--route: /)
  expect(await cli.failure('model set x --route acme:one,weight=0')).toMatch(/^--route: /)
})
