/** Processes that the benchmark starts, and their end: by pid, whatever happens. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { childrenOf } from './measure.ts'

/** Time a process has to end after SIGTERM, in ms. */
const STOP_MS = 15_000
const POLL_MS = 50

export interface Owned {
  name: string
  pid: number
  child: ChildProcess
  /** Processes besides its children that must not outlive it. */
  others: () => number[]
}

const owned = new Set<Owned>()
const directories = new Set<string>()

/** Starts a process in a group of its own, so that a Ctrl-C in the terminal reaches only us. */
export async function start(
  name: string,
  command: string,
  args: string[],
  options: SpawnOptions & { others?: () => number[] } = {},
): Promise<Owned> {
  const { others = () => [], ...rest } = options
  const child = spawn(command, args, { detached: true, ...rest })
  await once(child, 'spawn')
  const process: Owned = { name, pid: child.pid as number, child, others }
  owned.add(process)
  return process
}

/** Starts a TypeScript file of the benchmark and waits for its first message over IPC. */
export async function startModule(
  name: string,
  file: URL,
  env: NodeJS.ProcessEnv = {},
): Promise<Owned> {
  return await start(name, process.execPath, [file.pathname], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
}

/** Waits for the port that a module reports once it listens. */
export async function reportedPort({ name, child }: Owned): Promise<number> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the ${name} process ended with code ${code} before it listened`)
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }]
  return message.port
}

/** A directory that is removed at the end. */
export function disposeAtExit(directory: string): void {
  directories.add(directory)
}

/** Ends every process and removes every directory; safe to call twice. */
export async function stopAll(): Promise<void> {
  await Promise.all([...owned].map(stop))
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  directories.clear()
}

async function stop(process: Owned): Promise<void> {
  const family = [...childrenOf(process.pid), ...process.others()]
  if (isRunning(process)) {
    process.child.kill('SIGTERM')
    await until(() => !isRunning(process))
    if (isRunning(process)) process.child.kill('SIGKILL')
  }
  const left = family.filter(isAlive)
  for (const pid of left) signal(pid, 'SIGTERM')
  await until(() => !left.some(isAlive))
  for (const pid of left) if (isAlive(pid)) signal(pid, 'SIGKILL')
  owned.delete(process)
}

/** The last resort, when there is no turn of the event loop left to wait in. */
process.on('exit', () => {
  for (const { pid, others, child } of owned) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const family = [...childrenOf(pid), ...others()]
    signal(pid, 'SIGKILL')
    for (const member of family) signal(member, 'SIGTERM')
  }
})

function isRunning({ child }: Owned): boolean {
  return child.exitCode === null && child.signalCode === null
}

function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + STOP_MS
  while (!condition() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
