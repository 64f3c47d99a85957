/** Interleaved rounds of one scenario over all targets. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Load } from './load/client.ts'
import type { RunResult } from './load/orders.ts'
import { cpuMicros, residentMb, watchResident } from './measure.ts'
import type { Scenario } from './scenarios.ts'
import type { Target } from './targets/target.ts'

/** Settlement, log and journal writes of the last answers still belong to the run, in ms. */
const TAIL_MS = 300

/** What one round of one target gave. Times in ms unless the name says otherwise. */
export interface Figures {
  /** Right answers a second. */
  rate: number
  /** CPU time of the target for each request or chunk in us; NaN for the direct connection. */
  cpuUs: number
  /** Share of one core that the target used, 0 to 1. */
  busy: number
  p50: number
  p99: number
  firstP50: number
  firstP99: number
  /** Peak resident size, and how far above the size before the scenario's warm-up. */
  rssMb: number
  rssGrowthMb: number
  /** Reads a chunk at the client: well below 1 means that chunks arrived gathered. */
  readsPerChunk: number
}

/** All rounds of one target in one scenario. */
export interface Row {
  target: string
  rounds: Figures[]
  errors: number
  /** Distinct errors in words. */
  samples: Set<string>
}

/** Warms every target up, then measures each once a round, each round in another order. */
export async function runRounds(
  scenario: Scenario,
  targets: readonly Target[],
  load: Load,
  rounds: number,
): Promise<Row[]> {
  const rows = targets.map(({ name }): Row => {
    return { target: name, rounds: [], errors: 0, samples: new Set() }
  })
  const rowOf = (target: Target): Row => rows[targets.indexOf(target)] as Row
  const rssBefore = new Map(targets.map((target) => [target, residentMb(target.pids())]))
  for (const target of targets) {
    await named(scenario, target, warmUp(scenario, target, load, rowOf(target)))
  }
  for (let round = 0; round < rounds; round++) {
    for (const target of rotated(targets, round)) {
      const before = rssBefore.get(target) ?? 0
      const measured = measure(scenario, target, load, rowOf(target), before)
      await named(scenario, target, measured)
    }
  }
  return rows
}

/** Says which target it was that broke. */
async function named(scenario: Scenario, target: Target, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${target.name} in ${scenario.name}: ${reason}`)
  }
}

/** A B C, B C A, C A B: no target always runs after the same one. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

async function warmUp(scenario: Scenario, target: Target, load: Load, row: Row): Promise<void> {
  await load.open(target.port, scenario.connections, target.keys)
  count(row, await load.run(scenario.warmUp))
  await load.close()
}

async function measure(
  scenario: Scenario,
  target: Target,
  load: Load,
  row: Row,
  rssBefore: number,
): Promise<void> {
  const pids = target.pids()
  await load.open(target.port, scenario.connections, target.keys)
  count(row, await load.run(scenario.lead))
  await sleep(TAIL_MS)
  const resident = watchResident(pids)
  const cpuBefore = cpuMicros(pids)
  const result = await load.run(scenario.measured)
  await sleep(TAIL_MS)
  const cpu = cpuMicros(pids) - cpuBefore
  const rssMb = resident.stop()
  await load.close()
  count(row, result)
  row.rounds.push(figures(scenario, result, pids.length > 0 ? cpu : Number.NaN, rssMb, rssBefore))
}

function figures(
  { stream }: Scenario,
  { requests, elapsedMs, total, first, reads }: RunResult,
  cpuUs: number,
  rssMb: number,
  rssBefore: number,
): Figures {
  const units = requests * (stream?.chunks ?? 1)
  return {
    rate: requests / (elapsedMs / 1000),
    cpuUs: cpuUs / units,
    busy: cpuUs / (elapsedMs * 1000),
    p50: total.p50,
    p99: total.p99,
    firstP50: first.p50,
    firstP99: first.p99,
    rssMb,
    rssGrowthMb: rssMb - rssBefore,
    readsPerChunk: reads / units,
  }
}

function count(row: Row, { errors, samples }: RunResult): void {
  row.errors += errors
  for (const sample of samples) row.samples.add(sample)
}
