import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

type Options = { script?: string; uid?: number; gid?: number }

/** Another process that uses the database of `dataDir`; `ready` tells what it was given. */
export function startProcess(dataDir: string, options: Options = {}) {
  const { script = join(import.meta.dirname, 'child.ts'), ...user } = options
  const child = spawn(process.execPath, [script, dataDir], {
    ...user,
    cwd: '/',
    // A process group of its own, as a terminal would give it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let output = ''
  let errors = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    errors += text
  })
  return {
    pid: child.pid ?? 0,
    /** @throws Error with its stderr when it ends before it is ready */
    async ready(): Promise<{ url: string; adopted: boolean }> {
      await Promise.race([once(child.stdout, 'data'), exited])
      if (output === '') throw new Error(errors)
      return JSON.parse(output)
    },
    async stop(): Promise<void> {
      child.stdin.write('stop\n')
      await exited
    },
    async kill(signal: NodeJS.Signals, group = false): Promise<void> {
      if (child.pid) process.kill(group ? -child.pid : child.pid, signal)
      await exited
    },
  }
}
