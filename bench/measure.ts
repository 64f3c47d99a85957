/** CPU time and memory of processes, read from the operating system (Linux /proc). */
import { readdirSync, readFileSync } from 'node:fs'

/** Length of the kernel's clock tick behind utime and stime, in us (CLK_TCK is 100 on Linux). */
const CLOCK_TICK_US = 10_000
/** How often the resident size is sampled, in ms. */
const RSS_SAMPLE_MS = 200
/** Positions of fields in /proc/PID/stat, counted from the one after the command's name. */
const STAT_PPID = 1
const STAT_UTIME = 11
const STAT_STIME = 12

/** CPU time that the processes, all their threads together, have used so far, in us. */
export function cpuMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (scheduledMicros(pid) ?? tickMicros(pid)), 0)
}

/** Resident memory of the processes now, in MB. */
export function residentMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
  })
  return kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024
}

/** Follows the resident size until `stop`, which returns its peak in MB. */
export function watchResident(pids: readonly number[]): { stop: () => number } {
  let peak = residentMb(pids)
  const sample = (): void => {
    peak = Math.max(peak, residentMb(pids))
  }
  const timer = setInterval(sample, RSS_SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      sample()
      return peak
    },
  }
}

/** The direct children of a process. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && statField(pid, STAT_PPID) === parent)
}

/** Nanosecond clock of the scheduler, one file a thread; null where the kernel has none. */
function scheduledMicros(pid: number): number | null {
  let nanos = 0
  for (const thread of threadsOf(pid)) {
    try {
      nanos += Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1'), 10)
    } catch (error) {
      if (thread === String(pid) && isMissing(error)) return null
      // Any other thread may have ended since the directory was read.
    }
  }
  return nanos / 1000
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    throw new Error(`process ${pid} of the target has ended`)
  }
}

function tickMicros(pid: number): number {
  const ticks = (statField(pid, STAT_UTIME) ?? 0) + (statField(pid, STAT_STIME) ?? 0)
  return ticks * CLOCK_TICK_US
}

function statField(pid: number, field: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field])
  } catch {
    return null
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
