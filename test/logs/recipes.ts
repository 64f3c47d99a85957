import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8')

/** The commands of docs/logs.md that begin so, without that beginning. */
export function commandsOf(beginning: string): string[] {
  const blocks = [...PAGE.matchAll(/^```\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const commands = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'))
  const found = commands.filter((command) => command.startsWith(beginning))
  if (found.length === 0) throw new Error(`docs/logs.md has no command with ${beginning}`)
  return found.map((command) => command.slice(beginning.length))
}

export const exampleOf = (name: string) => readFileSync(join(ROOT, 'examples/logs', name), 'utf8')

/** Whether a program is here; says what is not tested where it is not. */
export function isInstalled(program: string): boolean {
  const found = spawnSync(program, ['--version']).error === undefined
  if (!found) process.stderr.write(`a recipe of docs/logs.md is not tested: no ${program} here\n`)
  return found
}
