import { parseArgs } from 'node:util'
import { tryBody } from './bodies.ts'
import { mostSteps, tryStream } from './sse.ts'
import { countWork } from './work.ts'

const TARGETS = { sse: tryStream, bodies: tryBody }

/** Cases between two lines of progress. */
const REPORT_EVERY = 100_000

const { values } = parseArgs({
  options: {
    /** Cases of each target. */
    count: { type: 'string', default: '1000000' },
    /** The first case; the next ones follow it. */
    seed: { type: 'string', default: '1' },
    /** One target instead of all. */
    only: { type: 'string' },
  },
})

const first = Number(values.seed)
const count = Number(values.count)
const say = (line: string) => process.stdout.write(`${line}\n`)

countWork()
for (const [name, attempt] of Object.entries(TARGETS)) {
  if (values.only !== undefined && values.only !== name) continue
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      attempt(seed)
    } catch (error) {
      say(`${name}: case ${seed} failed; again with --only ${name} --seed ${seed} --count 1`)
      throw error
    }
    const done = seed - first + 1
    if (done % REPORT_EVERY === 0 && done < count) say(`${name}: ${done} cases`)
  }
  say(`${name}: ${count} cases from ${first} on, none failed`)
}
if (mostSteps > 0) say(`sse: at most ${mostSteps.toFixed(2)} steps a byte`)
