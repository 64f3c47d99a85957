import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '../harness/proxy.ts'

/** Seconds a start may take that makes a database first, also on a machine that is very busy. */
const START_S = 110

export type ServerProcess = {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves with the base URL once the server listens. */
  listening(): Promise<string>
  /** Resolves with the exit code once the process has ended, and its output has been read. */
  ended: Promise<number | null>
  /** Sends the signal and resolves as `ended` does. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** The real process, as `npm start` runs it, with only these variables set. */
export function startServer(env: Record<string, string>): ServerProcess {
  const child = spawn('node', ['src/server.ts'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (data) => {
    output.stdout += data
  })
  child.stderr?.on('data', (data) => {
    output.stderr += data
  })
  let hasEnded = false
  const ended = once(child, 'close').then(([code]): number | null => {
    hasEnded = true
    return code
  })
  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    listening: () =>
      eventually(() => {
        const address = output.stdout.match(/"address":"(http:[^"]+)"/)?.[1]
        return address ?? (hasEnded ? '' : undefined)
      }, START_S).then((address) => {
        if (address) return address
        throw new Error(`the server did not start:\n${output.stderr}${output.stdout}`)
      }),
    stop(signal) {
      child.kill(signal)
      return ended
    },
  }
}
