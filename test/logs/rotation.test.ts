import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { eventually } from '../harness/proxy.ts'
import { faultsOf, requestLines } from './lines.ts'
import { loadedRun } from './loaded-run.ts'
import { commandsOf, exampleOf, isInstalled } from './recipes.ts'

const run = promisify(execFile)
const LOG = '/var/log/tollkeeper/tollkeeper.log'
const ROTATIONS = 4

describe.runIf(isInstalled('logrotate'))('logrotate', () => {
  test('rotates the file of a process under load, and every line stays whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-rotation-'))
    const [log, conf] = [join(folder, 'tollkeeper.log'), join(folder, 'logrotate.conf')]
    const example = exampleOf('logrotate.conf')
    expect(example).toContain(LOG)
    await writeFile(conf, example.replace(LOG, log), { mode: 0o600 })
    const [redirection = ''] = commandsOf('node src/server.ts >> ').map((path) => `>> ${path}`)

    const ids = await loadedRun(redirection.replace(LOG, log), async () => {
      for (let n = 0; n < ROTATIONS; n += 1) {
        await eventually(async () => (await readFile(log, 'utf8')).length > 2_000 || undefined)
        await run('logrotate', ['--force', '--state', join(folder, 'state'), conf])
      }
    })

    const names = (await readdir(folder)).filter((name) => name.startsWith('tollkeeper.log'))
    expect(names).toHaveLength(1 + ROTATIONS)
    const files = await Promise.all(names.map((name) => readFile(join(folder, name))))
    const texts = files.map((bytes, at) => {
      return (names[at]?.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    })
    const lines = texts.flatMap(requestLines)
    expect(faultsOf(lines)).toEqual([])
    const found = lines.filter(({ request_id }) => ids.has(request_id as string))
    expect(found.length).toBeGreaterThan(ids.size / 2) // copytruncate loses what comes meanwhile
    expect(texts.join('')).not.toContain('\0') // as a file that is not appended to would have
    await rm(folder, { recursive: true })
  })
})
