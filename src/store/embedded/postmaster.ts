import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processFacts } from './process-facts.ts'

/** Fast shutdown writes a checkpoint, so a slow disk decides how long it takes. */
const FAST_STOP_TIMEOUT_MS = 20_000
/** By then the postmaster has itself killed whatever did not go at once (5 s). */
const IMMEDIATE_STOP_TIMEOUT_MS = 10_000
const POLL_MS = 10

/** A server, by what postmaster.pid says. `ready` is false while it starts or stops. */
export type Postmaster = {
  pid: number
  port: number
  dataDir: string
  ready: boolean
  /** The owner of the cluster, under whom the server runs. */
  uid: number
}

/**
 * The live server of a cluster, undefined when there is none. A pid file whose pid now belongs to
 * another process is removed, since Postgres would take that process for a server and not start;
 * one whose pid is free is left to Postgres.
 */
export function findPostmaster(cluster: string): Postmaster | undefined {
  const file = join(cluster, 'postmaster.pid')
  const text = readIfThere(file)
  if (!text) return undefined
  const postmaster = { ...parsePidFile(text), uid: statSync(cluster).uid }
  if (isRunning(postmaster)) return postmaster
  if (pidIsTaken(postmaster.pid) && readIfThere(file) === text) rmSync(file, { force: true })
  return undefined
}

// Lines: pid, data folder, start time, port, socket folder, address, shared memory, status.
function parsePidFile(text: string) {
  const [pid, dataDir = '', , port, , , , status = ''] = text.split('\n')
  return { pid: Number(pid), dataDir, port: Number(port), ready: status.trim() === 'ready' }
}

/** Its command line names the folder, and it runs under the cluster's owner: no impostor can. */
function isRunning({ pid, dataDir, uid }: Postmaster): boolean {
  const facts = processFacts(pid)
  if (!facts || !dataDir || !facts.command.includes(`-D ${dataDir} `)) return false
  return facts.uid === uid
}

/** Zombies count: Postgres asks the kernel the same question. */
function pidIsTaken(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Ends a server in fast mode, and in immediate mode (safe: it recovers at the next start) when
 * that takes too long.
 * @throws Error when it outlives both
 */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  const { pid, dataDir } = postmaster
  if (await endsAfter('SIGINT', postmaster, FAST_STOP_TIMEOUT_MS)) return
  if (await endsAfter('SIGQUIT', postmaster, IMMEDIATE_STOP_TIMEOUT_MS)) return
  throw new Error(`the Postgres of ${dataDir} (process ${pid}) does not stop: end it by hand`)
}

async function endsAfter(signal: NodeJS.Signals, postmaster: Postmaster, timeoutMs: number) {
  const deadline = performance.now() + timeoutMs
  if (isRunning(postmaster)) send(signal, postmaster.pid)
  while (isRunning(postmaster)) {
    if (performance.now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}

function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended since it was looked at.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
