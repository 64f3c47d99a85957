import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** What `main.ts` reports. */
export type Report = {
  runs: number
  steps: number
  modelHours: number
  requests: number
  cpuSeconds: number
  /** Of all that happened in the last run. */
  hash: string
  violations: string[]
  /** What happened in all runs, and how often. */
  seen: Record<string, number>
}

const ROOT = join(import.meta.dirname, '../..')

/**
 * Runs the simulator in a process of its own.
 * @param root a copy of the repository; default this one
 * @throws Error where it did not even report
 */
export function simulate(args: string[], root = ROOT): Promise<Report> {
  return new Promise((resolve, reject) => {
    const main = join(root, 'test/simulator/main.ts')
    execFile('node', [main, ...args], { cwd: root }, (_error, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout))
      else reject(new Error(`the simulator failed:\n${stderr}`))
    })
  })
}
