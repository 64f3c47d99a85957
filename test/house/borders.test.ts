import { expect, test } from 'vitest'
import { type File, importsOf, isIn, offenders, resolved, sources } from './files.ts'

const PURE = ['src/domain', 'src/wire']

/** Descriptions that are made of what is pure. */
const ENDPOINTS = ['src/endpoints']

/** Imports of these files that are not allowed, as `file -> what it imports`. */
function crossings(files: File[], isForbidden: (to: string, typeOnly: boolean) => boolean) {
  return files.flatMap((file) =>
    importsOf(file)
      .map(({ from, typeOnly }) => ({ to: resolved(file, from), typeOnly }))
      .filter(({ to, typeOnly }) => isForbidden(to, typeOnly))
      .map(({ to }) => `${file.path} -> ${to}`),
  )
}

test('imports are found in every form', () => {
  const text = [
    "import a from 'a'",
    "import type { B } from 'b'",
    "import { type C, d } from 'c'",
    "import {\n  e,\n  f,\n} from '../e.ts'",
    "export * from './h.ts'",
    "export type { I } from 'i'",
    "import 'g'",
    "const j = await import('j')",
  ].join('\n')
  const file = { path: 'src/x/y.ts', text, lines: [] }
  const found = importsOf(file).map(({ from, typeOnly }) => [resolved(file, from), typeOnly])
  expect(found).toEqual([
    ['a', false],
    ['b', true],
    ['c', false],
    ['src/e.ts', false],
    ['src/x/h.ts', false],
    ['i', true],
    ['g', false],
    ['j', false],
  ])
})

test('domain/ and wire/ import nothing but each other and the errors', () => {
  const pure = sources(...PURE)
  expect(pure.length).toBeGreaterThan(10)
  expect(crossings(pure, (to) => !isIn(to, [...PURE, 'src/errors.ts']))).toEqual([])
  expect(crossings(sources('src/errors.ts'), () => true)).toEqual([])
})

test('endpoints/ import nothing but domain/, wire/ and the errors', () => {
  const allowed = [...PURE, ...ENDPOINTS, 'src/errors.ts']
  expect(sources(...ENDPOINTS).length).toBeGreaterThan(5)
  expect(crossings(sources(...ENDPOINTS), (to) => !isIn(to, allowed))).toEqual([])
})

test('domain/, wire/ and endpoints/ read no clock, no process and no chance', () => {
  const clocks = ['Date.now', 'new Date()', 'performance', 'setTimeout', 'setInterval']
  const impure = [...clocks, 'setImmediate', 'process.', 'Math.random', 'crypto', 'globalThis']
  const isImpure = (line: string) => impure.some((name) => line.includes(name))
  expect(offenders(sources(...PURE, ...ENDPOINTS), isImpure)).toEqual([])
})

test('nothing imports the process edge', () => {
  expect(crossings(sources(), (to) => to === 'src/server.ts')).toEqual([])
})

test('undici is only in upstream/', () => {
  const others = sources('src', 'plugins').filter(({ path }) => !isIn(path, ['src/upstream']))
  expect(crossings(others, (to) => to === 'undici')).toEqual([])
})

test('SQL is only in store/ and the database plugin; others know types of it', () => {
  const ALLOWED = ['src/store', 'plugins/database.ts']
  const others = sources('src', 'plugins').filter(({ path }) => !isIn(path, ALLOWED))
  const isSql = (to: string) => /^(drizzle-orm|postgres)\b/.test(to)
  expect(crossings(others, (to, typeOnly) => isSql(to) && !typeOnly)).toEqual([])
})

test('the sandbox knows nothing of the proxy, and the proxy only that it can be started', () => {
  const sandbox = sources('src/sandbox')
  const isOurs = (to: string) => isIn(to, ['src', 'plugins']) && !isIn(to, ['src/sandbox'])
  expect(crossings(sandbox, isOurs)).toEqual([])
  const others = sources('src', 'plugins').filter((file) => !sandbox.includes(file))
  const isInside = (to: string) => isIn(to, ['src/sandbox']) && to !== 'src/sandbox/index.ts'
  expect(crossings(others, isInside)).toEqual([])
})

test('src/ imports no plugin but in the ordered list of app.ts', () => {
  const others = sources('src').filter(({ path }) => path !== 'src/app.ts')
  expect(crossings(others, (to) => isIn(to, ['plugins']))).toEqual([])
})
