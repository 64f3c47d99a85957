import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '../harness/proxy.ts'

export type ServerProcess = {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves with the base URL once the server listens. */
  listening(): Promise<string>
  /** Sends the signal and resolves with the exit code. */
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
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    listening: () =>
      eventually(() => output.stdout.match(/"address":"(http:[^"]+)"/)?.[1]).catch(() => {
        throw new Error(`the server did not start:\n${output.stderr}${output.stdout}`)
      }),
    async stop(signal) {
      if (child.exitCode !== null) return child.exitCode
      const exit = once(child, 'exit')
      child.kill(signal)
      const [code] = await exit
      return code
    },
  }
}
