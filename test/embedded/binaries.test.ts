import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findBinaries } from '../../src/store/embedded/binaries.ts'
import { copyOnce } from '../../src/store/embedded/binary-copy.ts'
import { makeRunnable } from '../../src/store/embedded/binary-links.ts'
import { run } from '../../src/store/embedded/run.ts'
import { scratchFolder } from './scratch.ts'

/** The package as npm leaves it with --ignore-scripts: without its links. */
async function unlinkedPackage(skip: (why: string) => void): Promise<string> {
  const options = { dataDir: scratchFolder(), user: undefined, log: () => {} }
  const native = dirname(dirname((await findBinaries(options)).postgres))
  const copy = join(scratchFolder(), 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  const list = join(copy, 'pg-symlinks.json')
  if (!existsSync(list)) skip("this platform's package has no links")
  for (const { target } of JSON.parse(readFileSync(list, 'utf8'))) {
    rmSync(join(dirname(copy), target), { force: true })
  }
  return copy
}

test('programs run where the install script of their package did not', async ({ skip }) => {
  const native = await unlinkedPackage(skip)
  chmodSync(join(native, 'bin/postgres'), 0o644)
  const initdb = join(native, 'bin/initdb')
  await expect(run(initdb, ['--version'])).rejects.toThrow('shared libraries')
  expect(makeRunnable(native)).toBe(true)
  expect(await run(initdb, ['--version'])).toContain('PostgreSQL')
  expect(await run(join(native, 'bin/postgres'), ['--version'])).toContain('PostgreSQL')
})

test('a copy is made once, whole, and runs though the original does not', async ({ skip }) => {
  const native = await unlinkedPackage(skip)
  const target = join(scratchFolder(), 'copy')
  const copy = copyOnce(native, target)
  expect(await run(join(copy, 'bin/initdb'), ['--version'])).toContain('PostgreSQL')
  rmSync(native, { recursive: true })
  expect(copyOnce(native, target)).toBe(copy)
})
