/** What the benchmark runs on: cores, pinning, free ports. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'

export interface Cores {
  proxy: number
  load: number
}

/** The first two cores this process may use; null where nothing can be pinned. */
export function findCores(): Cores | null {
  const [proxy, load] = allowedCores()
  if (proxy === undefined || load === undefined || !isInstalled('taskset', '--version')) return null
  return { proxy, load }
}

/** Pins processes with all threads they have; threads and children of theirs inherit it. */
export function pin(pids: readonly number[], core: number | undefined): void {
  if (core === undefined) return
  for (const pid of pids) execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)])
}

export function isInstalled(command: string, versionFlag: string): boolean {
  try {
    execFileSync(command, [versionFlag], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** One line that says where figures come from. */
export function describeMachine(cores: Cores | null): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
  const machine = `${cpus().length} x ${model}, Linux ${release()}, Node ${process.version}`
  if (!cores) return `${machine}; nothing is pinned`
  return `${machine}; proxy on core ${cores.proxy}, load and upstream on core ${cores.load}`
}

function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'latin1')
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [from = Number.NaN, to = from] = range.split('-').map(Number)
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, n) => from + n)
  })
}
