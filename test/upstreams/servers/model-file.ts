import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { environment } from './python.ts'
import { KEPT, PYTHON } from './server.ts'

const run = promisify(execFile)
const SCRIPT = `${PYTHON}make_model.py`

/** The name under which servers offer it. */
export const MODEL = 'tiny-random'

/** The file of a tiny model with random weights; made where that of the script is not there. */
export async function modelFile(): Promise<string> {
  const edition = createHash('sha256').update(readFileSync(SCRIPT)).digest('hex').slice(0, 8)
  const path = `${KEPT}${MODEL}-${edition}.gguf`
  if (existsSync(path)) return path
  const { python } = await environment('llama-cpp', 'xllamacpp')
  await run(python, [SCRIPT, path])
  return path
}
