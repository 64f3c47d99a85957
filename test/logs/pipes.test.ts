import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { faultsOf, parseLines, requestLines } from './lines.ts'
import { loadedRun } from './loaded-run.ts'
import { commandsOf, isInstalled } from './recipes.ts'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollkeeper-pipes-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each(commandsOf('node src/server.ts | '))(
  'a live log can be piped into %s',
  async (recipe) => {
    const file = (name: string) => join(folder, name)
    const [raw, out, over] = [file('raw'), file('out'), file('over')]
    const ids = await loadedRun(`> >(tee ${raw} | ${recipe} > ${out}; touch ${over})`)
    await eventually(() => existsSync(over) || undefined)
    const text = await readFile(out, 'utf8')
    expect([...ids].filter((id) => !text.includes(id))).toEqual([])
    const lines = requestLines(await readFile(raw, 'utf8'))
    expect(faultsOf(lines)).toEqual([])
    const pretty = text.split('\n').filter((line) => / \(?request\b|: request /.test(line))
    expect(pretty).toHaveLength(lines.length) // --singleLine: a line stays a line
  },
)

test('a process goes on when the reader of its log dies', async () => {
  const ids = await loadedRun('> >(head -n 1 > /dev/null)')
  expect(ids.size).toBeGreaterThan(100)
  expect(ids).not.toContain('')
})

describe.runIf(isInstalled('jq'))('jq', () => {
  let ids: Set<string>
  beforeAll(async () => {
    ids = await loadedRun(`>> ${join(folder, 'tollkeeper.log')}`)
  })
  const ask = async (recipe: string) =>
    (await run('bash', ['-c', `set -o pipefail; jq ${recipe}`], { cwd: folder })).stdout
  const [all = '', byId = '', byCode = '', counts = '', sums = '', percentile = ''] =
    commandsOf('jq ')

  test('takes the canonical lines out of a log, whole', async () => {
    const lines = parseLines(await ask(all))
    expect(lines.length).toBeGreaterThanOrEqual(ids.size)
    expect(faultsOf(lines)).toEqual([])
  })

  test('finds one request by its id', async () => {
    const [id = ''] = ids
    const found = await ask(byId.replace(/[0-9a-f-]{36}/, id))
    expect(parseLines(found).map(({ request_id }) => request_id)).toEqual([id])
  })

  test('tells what lies behind the failures of an upstream', async () => {
    const failures = parseLines(await ask(byCode))
    expect(failures).toHaveLength(80)
    for (const { causes } of failures) expect(causes).not.toHaveLength(0)
  })

  test('counts the errors by code', async () => {
    expect(await ask(counts)).toMatch(/^ +80 upstream_error\n +40 \w+\n$/)
  })

  test('sums up the charges of an account', async () => {
    const lines = requestLines(await readFile(join(folder, 'tollkeeper.log'), 'utf8'))
    const sum = lines.reduce((total, { charged }) => total + Number(charged ?? 0), 0)
    const [account, printed] = (await ask(sums)).trim().split(' ')
    expect(account).toMatch(/^acc_/)
    expect(Number(printed)).toBeCloseTo(sum, 1)
  })

  test('finds the 95th percentile of the time to the first byte', async () => {
    expect(Number(await ask(percentile))).toBeGreaterThanOrEqual(0)
  })
})
