import { parseArgs } from 'node:util'
import { type Run, run } from './run.ts'

const { values } = parseArgs({
  options: {
    /** One run, with what happened last in it. */
    seed: { type: 'string' },
    /** So many runs, with the seeds from 1 on. */
    seeds: { type: 'string', default: '100' },
    steps: { type: 'string', default: '1000' },
  },
})

Error.stackTraceLimit = 0 // nobody reads the stacks, and they cost more than all the rest

const steps = Number(values.steps)
const from = Number(values.seed ?? 1)
const until = values.seed === undefined ? Number(values.seeds) : from
const total = { runs: 0, steps: 0, modelHours: 0, requests: 0 }
const seen = new Map<string, number>()
let last: Run | null = null
for (let seed = from; seed <= until && !last?.violations.length; seed += 1) {
  last = await run(seed, steps)
  total.runs += 1
  total.steps += last.steps
  total.modelHours += last.ms / 3_600_000
  total.requests += last.requests
  for (const [what, count] of last.seen) seen.set(what, (seen.get(what) ?? 0) + count)
}

const { violations = [], seed, hash, trace = [] } = last ?? {}
const isFailed = violations.length > 0
const { user, system } = process.cpuUsage()
const facts = { ...total, cpuSeconds: (user + system) / 1e6, hash, violations }
const report = { ...facts, seen: Object.fromEntries([...seen].toSorted()) }
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
if (isFailed || values.seed !== undefined) process.stderr.write(`${trace.join('\n')}\n`)
if (isFailed) {
  process.stderr.write(`node test/simulator/main.ts --seed ${seed} --steps ${steps}\n`)
  process.exitCode = 1
}
