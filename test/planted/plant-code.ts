import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyPatch, type Patched } from './apply-patch.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What the simulator runs with. */
const COPIED = ['package.json', 'src', 'test/simulator', 'test/store/a-record.ts']

/**
 * A copy of the code with a bug in it.
 * @param name of the patch in this folder; null for a copy without a bug
 * @throws Error where the patch does not apply any more
 */
export async function plantCode(
  name: string | null,
): Promise<{ root: string; remove(): Promise<void> }> {
  const patched = name === null ? [] : await patchedBy(name)
  const root = await mkdtemp(join(tmpdir(), 'planted-'))
  for (const path of COPIED) await cp(join(ROOT, path), join(root, path), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  for (const { path, after } of patched) await writeFile(join(root, path), after)
  return { root, remove: () => rm(root, { recursive: true }) }
}

async function patchedBy(name: string): Promise<Patched[]> {
  const patch = await readFile(join(import.meta.dirname, `${name}.patch`), 'utf8')
  return applyPatch(patch, (path) => readFileSync(join(ROOT, path), 'utf8'))
}
