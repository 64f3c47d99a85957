import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { fetchDocument, type OpenApi, operationsOf, resolve } from './openapi.ts'

let proxy: Tollkeeper
let document: OpenApi
beforeAll(async () => {
  proxy = await startProxy()
  document = await fetchDocument(proxy)
})
afterAll(() => proxy.close())

/** Every route of the app by method and path, read from Fastify's own print of its router. */
function registeredRoutes(): string[] {
  const routes: string[] = []
  const parents: string[] = []
  for (const line of proxy.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', part, methods] = line.match(/^(.*?)[├└]── (\S*)(?: \((.*)\))?$/) ?? []
    if (part === undefined) continue
    const depth = indent.length / 4
    parents.length = depth
    parents.push(part)
    const path = parents
      .join('')
      .replace(/:(\w+)/g, '{$1}')
      .replace(/\/?\*/, '/{name}')
    for (const method of methods?.split(', ') ?? []) routes.push(`${method} ${path}`)
  }
  return routes
}

test('every route is in the document, and nothing else is', () => {
  const routes = registeredRoutes().filter((route) => !/^(HEAD|OPTIONS) |\/docs\b/.test(route))
  expect(routes.length).toBeGreaterThan(30)
  expect([...operationsOf(document).keys()].sort()).toEqual(routes.sort())
})

test('the document has the title and version of the package', async () => {
  const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  expect(document.openapi).toBe('3.1.0')
  expect(document.info).toMatchObject({ title: 'Tollkeeper', version: JSON.parse(file).version })
})

test('every operation says what it does, who may call it, and what it answers', () => {
  const tags = document.tags.map(({ name }) => name)
  const schemes = Object.keys(document.components.securitySchemes)
  const ids = new Set<string>()
  for (const [name, operation] of operationsOf(document)) {
    expect(operation.summary, name).toMatch(/\w/)
    expect(operation.tags, name).toHaveLength(1)
    expect(tags, name).toContain(operation.tags[0])
    for (const one of operation.security) expect(schemes, name).toContain(Object.keys(one)[0])
    const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'))
    expect(successes, name).not.toHaveLength(0)
    expect(operation.responses.default, name).toBeDefined()
    for (const { description } of Object.values(operation.responses)) {
      expect(description, name).not.toBe('Default Response')
    }
    ids.add(operation.operationId)
  }
  expect(ids.size).toBe(operationsOf(document).size)
})

test('each area names its own key: client API, admin API, and none for health', () => {
  const schemesOf = (name: string) =>
    operationsOf(document)
      .get(name)
      ?.security.flatMap((one) => Object.keys(one))
  for (const name of operationsOf(document).keys()) {
    const path = name.split(' ')[1] as string
    if (path.startsWith('/v1/')) expect(schemesOf(name)).toEqual(['apiKey', 'azureKey', 'xKey'])
    else if (/^\/admin\/|^\/metrics$/.test(path)) expect(schemesOf(name)).toEqual(['adminToken'])
    else expect(schemesOf(name)).toEqual([])
  }
})

test('every parameter of a path is declared, under a name that OpenAPI allows', () => {
  for (const [name, { parameters = [] }] of operationsOf(document)) {
    const inPath = [...name.matchAll(/\{([^}]*)\}/g)].map(([, one]) => one)
    const declared = parameters.filter((one) => one.in === 'path')
    expect(
      declared.map((one) => one.name),
      name,
    ).toEqual(inPath)
    expect(inPath.join(), name).toMatch(/^\w*$/)
    for (const one of declared) expect(one.required, name).toBe(true)
  }
})

test('every reference inside the document leads somewhere', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)]
  expect(refs.length).toBeGreaterThan(30)
  for (const [, ref = ''] of refs) expect(resolve(document, ref), ref).toBeTypeOf('object')
})
