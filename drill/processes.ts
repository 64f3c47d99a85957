/** Processes that the drill starts, and their end: by pid, whatever happens. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

const running = new Set<ChildProcess>()

/** Starts a TypeScript file of the repository with only these variables set. */
export async function startNode(
  file: string,
  env: Record<string, string>,
  stdio: SpawnOptions['stdio'],
): Promise<ChildProcess> {
  const { PATH = '', HOME = '' } = process.env
  // A group of its own, so that a Ctrl-C in the terminal reaches only us.
  const options = { cwd: ROOT, stdio, detached: true, env: { PATH, HOME, ...env } } as const
  const child = spawn(process.execPath, [file], options)
  await once(child, 'spawn')
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** Resolves with the exit code; null where a signal ended it. */
export async function ended(child: ChildProcess): Promise<number | null> {
  if (!hasEnded(child)) await once(child, 'exit')
  return child.exitCode
}

/** Whatever still runs when the drill ends is ended with it. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
