import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A step of docs/cli.md: a call that the text tells of, or a command with what it prints. */
export type Step =
  | { section: string; kind: 'call'; model: string }
  | { section: string; kind: 'command'; command: string; output: string }

/** Reads the steps of a page: `calls `model`` in its text, and `$ ` lines in its blocks. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = []
  for (const text of page.split(/^## /m).slice(1)) {
    const [prose = '', block = ''] = text.split('```\n')
    const section = prose.split('\n', 1)[0] as string
    for (const [, model = ''] of prose.matchAll(/\bcalls `([^`]+)`/g)) {
      steps.push({ section, kind: 'call', model })
    }
    for (const part of block.split(/^\$ /m).slice(1)) {
      const [command = '', ...output] = part.trimEnd().split('\n')
      steps.push({ section, kind: 'command', command, output: output.join('\n') })
    }
  }
  return steps
}

/** A shell in which `tollkeeper` is our command line and key.txt a key. */
export async function startShell(env: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-transcript-'))
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
  await writeFile(join(folder, 'tollkeeper'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`)
  await chmod(join(folder, 'tollkeeper'), 0o755)
  await writeFile(join(folder, 'key.txt'), 'canary-provider-key\n')
  const options = { cwd: folder, env: { ...env, PATH: `${folder}:${process.env.PATH}` } }
  return {
    /** @throws Error with what was printed, when the command fails */
    run: async (command: string): Promise<string> =>
      (await promisify(execFile)('sh', ['-c', command], options)).stdout.trimEnd(),
    close: () => rm(folder, { recursive: true }),
  }
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const NAMES = new RegExp(`${UUID}|\\btk_[0-9A-Za-z]{38}|\\btk_\\w{4}\\.{3}\\w{4}`, 'g')

/** Ids and keys differ from run to run: those of the page and those of this run, in pairs. */
export class Names {
  readonly #ofPage = new Map<string, string>()
  readonly #ofRun = new Map<string, string>()

  /** A command of the page with the ids of this run. */
  toRun(command: string): string {
    return command.replace(NAMES, (name) => this.#ofPage.get(name) ?? name)
  }

  /** What this run printed with the ids of the page; those seen for the first time are paired. */
  toPage(printed: string, page: string): string {
    const ofPage = page.match(NAMES) ?? []
    let index = 0
    return printed.replace(NAMES, (name) => {
      const paired = ofPage[index]
      index += 1
      if (paired && !this.#ofRun.has(name) && !this.#ofPage.has(paired)) {
        this.#ofRun.set(name, paired)
        this.#ofPage.set(paired, name)
      }
      return this.#ofRun.get(name) ?? name
    })
  }
}

/** Text without what differs from run to run beside ids: times, ports, and the width of both. */
export function timeless(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d( \d\d:\d\d:\d\dZ)?/g, '<time>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/\b\d+ ms/g, '<n> ms')
    .replace(/ {2,}/g, '  ')
}
