import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { PROGRAM_ENV } from './run.ts'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'
const PS_LINE = /^\s*(\S+)\s+(-?\d+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/
/** The exit status of ps. */
const NO_SUCH_PROCESS = 1

/**
 * What tells one process from a later one with the same pid. `command` is the whole command line,
 * `birth` a text that is equal only for the same process.
 */
export type ProcessFacts = { uid: number; command: string; birth: string }

/**
 * The facts of a running process; undefined when it is gone, or dead and not yet reaped.
 * @throws Error when they cannot be learned: taking a live server for gone would do harm
 */
export function processFacts(pid: number): ProcessFacts | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  try {
    return process.platform === 'linux' ? factsFromProc(pid) : factsFromPs(pid)
  } catch (error) {
    const { code, status } = error as { code?: string; status?: number }
    if (code === 'ENOENT' || code === 'ESRCH' || status === NO_SUCH_PROCESS) return undefined
    throw error
  }
}

// Only files that stay readable to other users without CAP_SYS_PTRACE, which containers lack.
function factsFromProc(pid: number): ProcessFacts | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The program's name stands in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return {
    uid: statSync(`/proc/${pid}`).uid,
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    // Start times count from boot, and after the next one the same may come again.
    birth: `${existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8') : ''} ${fields[19]}`,
  }
}

/** The same by way of a program, for systems without /proc. */
export function factsFromPs(pid: number): ProcessFacts | undefined {
  const question = ['-ww', '-o', 'stat=,uid=,lstart=,command=', '-p', String(pid)]
  const options = { encoding: 'utf8', env: PROGRAM_ENV, stdio: 'pipe' } as const
  const line = execFileSync('ps', question, options).trimEnd()
  const [, state = 'Z', uid, birth = '', command = ''] = PS_LINE.exec(line) ?? []
  if (state.startsWith('Z')) return undefined
  return { uid: Number(uid), command: `${command} `, birth }
}

/**
 * `<pid>.<birth>` of this process, for a file name: what a process that died left behind does not
 * pass for something of a live one that has got its pid.
 * @throws Error where processes cannot be looked at
 */
export function ownMark(): string {
  const facts = processFacts(process.pid)
  if (!facts) throw new Error('this system does not show its processes: /proc is not mounted')
  return markOf(process.pid, facts)
}

function markOf(pid: number, { birth }: ProcessFacts): string {
  return `${pid}.${createHash('sha256').update(birth).digest('hex').slice(0, 12)}`
}

/** Whether a name that begins with a mark is of a process that still runs. */
export function isMarkAlive(name: string): boolean {
  const pid = Number(name.split('.')[0])
  const facts = processFacts(pid)
  return facts !== undefined && name.startsWith(`${markOf(pid, facts)}.`)
}
