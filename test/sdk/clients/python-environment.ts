import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SUITE = fileURLToPath(new URL('..', import.meta.url))
/** Where the scripts are. */
export const FOLDER = `${SUITE}python`
/** Time to make an environment, and to install its packages, in ms. */
const INSTALL_MS = 120_000

const ready = new Map<string, Promise<string>>()

/**
 * The Python of an environment that has exactly the packages of its requirements; made where it
 * is not there yet. Rejects with the reason why it can not be.
 */
export function environment(name: string): Promise<string> {
  const make = () => makeEnvironment(`${SUITE}.venv/${name}`, `${FOLDER}/requirements/${name}.txt`)
  const known = ready.get(name) ?? make()
  ready.set(name, known)
  return known
}

/**
 * The Python of the environment at a path, which is made unless it is there with exactly these
 * requirements. Rejects with the reason why it can not be.
 */
export async function makeEnvironment(path: string, file: string): Promise<string> {
  const python = `${path}/bin/python`
  const stamp = `${path}/installed.txt`
  const requirements = readFileSync(file, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === requirements) return python
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', file]
  try {
    rmSync(path, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', path], { timeout: INSTALL_MS })
    await run(python, pip, { timeout: INSTALL_MS })
  } catch (error) {
    throw new Error(`its packages can not be installed: ${lastLine(error)}`)
  }
  writeFileSync(stamp, requirements)
  return python
}

/** What pip or venv said last, or why they could not be run at all. */
function lastLine(error: unknown): string {
  const { stderr, stdout, message } = error as { stderr?: string; stdout?: string } & Error
  return (stderr || stdout || message).trim().split('\n').at(-1) ?? ''
}
