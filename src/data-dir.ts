import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const SECRET_BYTES = 32

/**
 * A secret that is made once and kept in DATA_DIR, readable by its owner only. Two processes that
 * start at once agree on one.
 * @throws Error of the disk, and where the file has no secret in it
 */
export async function keptSecret(dataDir: string, name: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, name)
  const kept = (await readIfThere(file)) ?? (await makeSecret(file))
  if (kept !== '') return kept
  throw new Error(`${file} is empty: put its secret back, or remove it to have a new one made`)
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** It gets its name when it is whole: nobody finds a part of it, nor does a full disk leave one. */
async function makeSecret(file: string): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const draft = `${file}.${randomUUID()}.making`
  try {
    await writeFile(draft, secret, { flag: 'wx', mode: 0o600 })
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // else another process was faster
    })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}
