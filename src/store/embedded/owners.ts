import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMarkAlive, ownMark } from './process-facts.ts'

/** One use of the database by a live process; `leave` ends it. */
export type Owner = { othersAlive(): boolean; leave(): void }

/** Notes a use in `folder`: one file, empty so that it is whole at once, its name the mark. */
export function joinOwners(folder: string): Owner {
  const own = `${ownMark()}.${randomBytes(4).toString('hex')}`
  const file = join(folder, own)
  writeFileSync(file, '', { flag: 'wx', mode: 0o600 })
  return {
    othersAlive: () => ownersIn(folder).some((name) => name !== own),
    leave: () => rmSync(file, { force: true }),
  }
}

/** Whoever lives; notes of the dead are removed. A folder that is gone has no owners. */
function ownersIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names) if (!isMarkAlive(name)) rmSync(join(folder, name), { force: true })
  return names.filter(isMarkAlive)
}
