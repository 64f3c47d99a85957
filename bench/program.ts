/** A program that starts processes, and its end: with an exit code, and with nothing left behind. */
import { stopAll } from './processes.ts'

/** Exit codes: something is wrong or broke; the command line was wrong; Ctrl-C. */
export const FAILED = 1
const MISUSED = 2
const INTERRUPTED = 130

/** A mistake on the command line, in words for the user. */
export class UsageError extends Error {}

type Program = {
  /** What its complaints begin with. */
  name: string
  /** Time for everything, in ms; null sets no limit. */
  withinMs: number | null
  /** Returns the exit code. @throws UsageError */
  main(args: string[]): Promise<number>
}

/** Runs a program with the arguments of this process, and ends all that it started. */
export async function runProgram({ name, withinMs, main }: Program): Promise<void> {
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = true
      void stopAll().finally(() => process.exit(INTERRUPTED))
    })
  }
  if (withinMs !== null) endAfter(withinMs, name)
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    process.exitCode = error instanceof UsageError ? MISUSED : FAILED
    const reason = error instanceof Error ? error.message : String(error)
    // What is being taken down by Ctrl-C complains; that is no news.
    if (!interrupted) process.stderr.write(`${name}: ${reason}\n`)
  } finally {
    await stopAll()
  }
}

function endAfter(ms: number, name: string): void {
  setTimeout(() => {
    process.stderr.write(`${name}: not finished within ${ms / 60_000} minutes\n`)
    void stopAll().finally(() => process.exit(FAILED))
  }, ms).unref()
}
