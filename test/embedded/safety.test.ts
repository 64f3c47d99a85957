import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { firstUser } from '../../src/store/embedded/os-user.ts'
import { joinOwners } from '../../src/store/embedded/owners.ts'
import { factsFromPs, processFacts } from '../../src/store/embedded/process-facts.ts'
import { assertOnlyRootWrites } from '../../src/store/embedded/shared-place.ts'
import { scratchFolder } from './scratch.ts'

const isRoot = process.getuid?.() === 0
const NOT_ROOT = "only root can make a root's folder"

test('programs are not run from a place that another user could have prepared', ({ skip }) => {
  skip(!isRoot, NOT_ROOT)
  const place = join(scratchFolder(), 'place')
  mkdirSync(place, { mode: 0o755 })
  expect(() => assertOnlyRootWrites(place)).not.toThrow()
  chmodSync(place, 0o777)
  expect(() => assertOnlyRootWrites(place)).toThrow('can be written by others')
  chmodSync(place, 0o1777)
  expect(() => assertOnlyRootWrites(place)).toThrow('can be written by others')
  chmodSync(place, 0o755)
  chownSync(place, 65534, 0)
  expect(() => assertOnlyRootWrites(place)).toThrow('does not belong to root')
  expect(() => assertOnlyRootWrites(join(place, 'below'))).toThrow()
})

test('a link to a safe folder is not a safe folder', ({ skip }) => {
  skip(!isRoot, NOT_ROOT)
  const link = join(scratchFolder(), 'link')
  symlinkSync('/usr', link)
  expect(() => assertOnlyRootWrites(link)).toThrow('is not a folder')
})

test('the next user is taken where the first does not exist, and never root', async () => {
  expect(await firstUser(['no-such-user', 'root'])).toBeUndefined()
  expect(await firstUser(['no-such-user', 'nobody'])).toMatchObject({ name: 'nobody' })
})

test('a note of a dead process does not count though its pid lives again', () => {
  const folder = scratchFolder()
  writeFileSync(join(folder, `${process.pid}.000000000000.abcd`), '')
  const owner = joinOwners(folder)
  expect(owner.othersAlive()).toBe(false)
  expect(readdirSync(folder)).toHaveLength(1)
  const second = joinOwners(folder)
  expect(owner.othersAlive()).toBe(true)
  second.leave()
  expect(owner.othersAlive()).toBe(false)
})

test('a process that is dead but not reaped is gone', async () => {
  // The shell becomes a sleep that never waits for its child, which ends at once.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'])
  const [line] = await parent.stdout.take(1).toArray()
  const pid = Number(String(line))
  await expect.poll(() => processFacts(pid), { timeout: 30_000 }).toBeUndefined()
  parent.kill()
})

test('systems without /proc learn the same of a process from ps', ({ skip }) => {
  skip(!hasPs(), 'there is no ps here')
  const fromPs = factsFromPs(process.pid)
  expect(fromPs?.uid).toBe(process.getuid?.())
  expect(fromPs?.command).toContain(processFacts(process.pid)?.command.split(' ')[0])
  expect(fromPs?.birth).toMatch(/\d\d:\d\d:\d\d \d{4}/)
})

function hasPs(): boolean {
  try {
    execFileSync('ps', ['-p', '1'])
    return true
  } catch {
    return false
  }
}
