import { mkdirSync, readFileSync } from 'node:fs'
import { makeEnvironment } from '../../sdk/clients/python-environment.ts'
import { KEPT, PYTHON } from './server.ts'

export type PythonEnvironment = { python: string; bin(name: string): string; version: string }

const ready = new Map<string, Promise<PythonEnvironment>>()

/**
 * The environment of a requirements file, with the version it pins of a package. Rejects with the
 * reason why it can not be installed.
 */
export function environment(name: string, distribution: string): Promise<PythonEnvironment> {
  const known = ready.get(name) ?? make(name, distribution)
  ready.set(name, known)
  return known
}

async function make(name: string, distribution: string): Promise<PythonEnvironment> {
  const file = `${PYTHON}requirements/${name}.txt`
  const pinned = new RegExp(`^${distribution}==(.+)$`, 'm').exec(readFileSync(file, 'utf8'))
  if (!pinned?.[1]) throw new Error(`${name}.txt does not pin ${distribution}`)
  mkdirSync(KEPT, { recursive: true })
  const path = `${KEPT}${name}`
  const python = await makeEnvironment(path, file)
  return { python, bin: (command) => `${path}/bin/${command}`, version: pinned[1] }
}
