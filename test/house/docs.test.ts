import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PAGES } from '../../docs/generate.ts'
import { EnvironmentSchema } from '../../src/environment.ts'
import { CATALOGUE } from '../../src/errors.ts'
import { FILES } from './files.ts'

const textOf = (path: string) => FILES.find((file) => file.path === path)?.text
const rowsOf = (page: string) => [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)]

test.each(Object.entries(PAGES))('docs/%s is what `node docs/generate.ts` writes', (name, page) => {
  expect(textOf(`docs/${name}`)).toBe(page())
})

describe('docs/errors.md', () => {
  const rows = rowsOf(textOf('docs/errors.md') ?? '')

  test('has a row for each error of the catalogue, and none besides', () => {
    expect(rows.map((row) => row[1])).toEqual(Object.keys(CATALOGUE))
  })

  test('tells status, type and retry as the catalogue has them', () => {
    for (const [, code, cells = ''] of rows) {
      const [status, type, retry] = cells.split(' | ')
      const entry = CATALOGUE[code as keyof typeof CATALOGUE]
      expect([code, status, type]).toEqual([code, String(entry.status), `\`${entry.type}\``])
      if ('retry' in entry) expect([code, retry]).toEqual([code, 'no'])
      if ('retryAfterS' in entry) {
        expect([code, retry]).toEqual([code, `after ${entry.retryAfterS} s`])
      }
    }
  })
})

test('docs/configuration.md has a row for each variable, with its default', () => {
  const rows = rowsOf(textOf('docs/configuration.md') ?? '')
  const variables = Object.entries(EnvironmentSchema.properties)
  expect(rows.map((row) => row[1])).toEqual(variables.map(([name]) => name))
  for (const [at, [, { default: value }]] of variables.entries()) {
    expect(rows[at]?.[2]?.split(' | ')[0]).toBe(value === undefined ? '' : `\`${value}\``)
  }
})

test('every link between the pages leads to a file', () => {
  const pages = FILES.filter(({ path }) => /^(docs\/)?[^/]+\.md$/.test(path))
  expect(pages.length).toBeGreaterThan(4)
  const broken = pages.flatMap(({ path, text }) => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((link) => link[1] as string)
    const missing = links.filter((link) => !existsSync(join(dirname(path), link)))
    return missing.map((link) => `${path} -> ${link}`)
  })
  expect(broken).toEqual([])
})
