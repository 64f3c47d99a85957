/** Plays the faults that were asked for, one after the other, and prints a line for each. */
import { type Fault, Skipped } from './fault.ts'
import { FAULTS } from './faults/index.ts'
import { type Options, readOptions, UsageError, usage } from './options.ts'
import { createRandom } from './random.ts'
import { faultLine, findings, header, summary } from './report.ts'
import { Closing, setScene } from './scene.ts'
import { Stage } from './stage.ts'

/** Exit codes: something was not zero; the command line was wrong; Ctrl-C. */
const FAILED = 1
const MISUSED = 2
const INTERRUPTED = 130

/** What has to be ended at the end, or at Ctrl-C. */
const closing = new Closing()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    void closing.run().finally(() => process.exit(INTERRUPTED))
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? MISUSED : FAILED
  process.stderr.write(`drill: ${error instanceof Error ? error.message : String(error)}\n`)
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args, FAULTS)
  if (options.faults.length === 0) {
    print(usage(FAULTS))
    return 0
  }
  if (process.platform !== 'linux') throw new Error('processes are found in /proc: Linux only')
  print(header())
  let failed = 0
  for (const fault of options.faults) failed += await play(fault, options)
  return failed > 0 ? FAILED : 0
}

/** @returns how many findings there are */
async function play(fault: Fault, { size: wanted, seed, keep }: Options): Promise<number> {
  const size = { ...fault.size, ...wanted }
  try {
    const { instances } = size
    const scene = await setScene(fault, { instances, keepFolder: keep, closing })
    if (keep) print(`data and logs of ${fault.name} are in ${scene.folder}`)
    const progress = (text: string) => process.stderr.write(`${fault.name}: ${text}\n`)
    const stage = await Stage.set(scene, { fault, size, random: createRandom(seed), progress })
    await fault.play(stage)
    const verdict = await stage.verdict()
    print(faultLine(fault.name, stage.runs, verdict))
    const notes = [...stage.notes, ...summary(stage.load.seen, verdict)]
    for (const text of [...notes, ...findings(verdict)]) print(`  ${text}`)
    return verdict.findings.length
  } catch (error) {
    const isSkipped = error instanceof Skipped
    const reason = error instanceof Error ? error.message : String(error)
    print(`${fault.name} ${isSkipped ? 'is skipped' : 'broke off'}: ${reason}`)
    return isSkipped ? 0 : 1
  } finally {
    await closing.run()
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
