import { World } from './world.ts'

/** Steps that are shown of a run that went wrong. */
const TRACE_MAX = 60

/** Milliseconds of the model after which no hold may be open, once everything has recovered. */
const HOLDS_GONE_MS = 90_000

/** Milliseconds after which the rest has to be quiet as well. */
const QUIET_MS = 200_000

export type Run = {
  seed: number
  /** Steps made, those of the recovery too. */
  steps: number
  /** Milliseconds of the model that passed. */
  ms: number
  requests: number
  /** What happened, and how often. */
  seen: Map<string, number>
  violations: string[]
  /** Of everything that happened: the same for the same seed. */
  hash: string
  /** What happened last. */
  trace: string[]
}

/** Runs the world of a seed for so many steps, lets it recover, and checks it all the while. */
export function run(seed: number, steps: number): Promise<Run> {
  const world = new World(seed)
  const trace = new Trace()
  let made = 0
  return new Promise((resolve, reject) => {
    const story = tell(world, steps, (line) => {
      made += 1
      trace.add(`${world.time.ms} ${line}`)
    })

    /** One step a turn of the event loop: what it sets off is over before the next begins. */
    function turn(): void {
      try {
        const turns = world.time.turns.splice(0)
        for (const next of turns) next()
        if (turns.length > 0 || !story.next().done) setImmediate(turn)
        else resolve(result())
      } catch (error) {
        reject(error)
      }
    }

    function result(): Run {
      const { violations } = world.checks
      const { hash, lines } = trace
      const facts = { ms: world.time.ms, requests: world.requests.length, seen: world.seen }
      return { seed, steps: made, ...facts, violations, hash, trace: lines }
    }

    setImmediate(turn)
  })
}

/** Trouble, recovery, and a stop in good order; a step at a time, until something is violated. */
function* tell(world: World, steps: number, made: (line: string) => void): Generator<void> {
  const { checks, ledger, time } = world
  const isViolated = () => checks.violations.length > 0
  function* until(isOver: () => boolean): Generator<void> {
    while (!isViolated() && !isOver()) {
      made(world.step())
      yield
      checks.afterStep()
    }
  }
  let left = steps
  yield* until(() => left-- === 0)
  world.recover()
  const recoveredMs = time.ms
  const isLate = (ms: number) => time.ms - recoveredMs > ms
  yield* until(() => world.isQuiet || isLate(HOLDS_GONE_MS))
  if (ledger.holds.size > 0 && !isViolated()) checks.holdsAreOpen()
  yield* until(() => world.isQuiet || isLate(QUIET_MS))
  if (isViolated()) return
  if (isLate(QUIET_MS)) checks.notQuiet()
  checks.atTheEnd()
  world.stop()
  yield* until(() => world.isStopped || isLate(2 * QUIET_MS))
  if (isLate(2 * QUIET_MS) && !isViolated()) checks.notQuiet()
  if (!isViolated()) checks.afterStopping()
}

/** The last lines, and a hash (FNV-1a) of all. */
class Trace {
  lines: string[] = []
  #hash = 0x811c9dc5

  add(line: string): void {
    this.lines.push(line)
    if (this.lines.length > 2 * TRACE_MAX) this.lines = this.lines.slice(-TRACE_MAX)
    for (let at = 0; at < line.length; at += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193)
    }
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }
}
