/** Starts everything, runs the scenarios, prints the tables, ends everything. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Load } from './load/client.ts'
import { type Cores, describeMachine, findCores, pin } from './machine.ts'
import { type Options, readOptions, type TargetName, USAGE } from './options.ts'
import { disposeAtExit, reportedPort, startModule } from './processes.ts'
import { FAILED, runProgram } from './program.ts'
import { type Row, runRounds } from './rounds.ts'
import { buildScenario } from './scenarios.ts'
import { summarise } from './summary.ts'
import { renderTable } from './table.ts'
import { startDirect } from './targets/direct.ts'
import { startNginx } from './targets/nginx.ts'
import { startRelay } from './targets/relay.ts'
import { type StartTarget, type Target, TargetMissing } from './targets/target.ts'
import { startTollkeeper } from './targets/tollkeeper.ts'

const STARTS: Record<TargetName, StartTarget> = {
  direct: startDirect,
  nginx: startNginx,
  relay: startRelay,
  tollkeeper: startTollkeeper,
}

await runProgram({ name: 'bench', withinMs: null, main })

async function main(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    print(USAGE)
    return 0
  }
  if (process.platform !== 'linux') throw new Error('CPU time is read from /proc: Linux only')
  const cores = findCores()
  print(`${describeMachine(cores)}\n`)
  const upstream = await startModule('upstream', new URL('./upstream/main.ts', import.meta.url))
  const upstreamPort = await reportedPort(upstream)
  const load = await Load.start()
  const targets = await startTargets(options, upstreamPort, cores)
  // After the targets: what they start, a Postgres above all, would inherit our core.
  pin([upstream.pid, load.process.pid, process.pid], cores?.load)
  const results = await runAll(options, targets, load)
  for (const target of targets) await target.confirm?.()
  if (options.json) await writeJson(options.json, describeMachine(cores), options, results)
  const errors = results.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.errors, 0)
  if (errors > 0) print(`${errors} answers were wrong: the figures above prove nothing.\n`)
  return errors > 0 ? FAILED : 0
}

async function startTargets(
  { targets: names, scenarios }: Options,
  upstreamPort: number,
  cores: Cores | null,
): Promise<Target[]> {
  // What a proxy adds can only be told against the direct connection.
  const wanted = new Set<TargetName>(scenarios.includes('latency') ? ['direct', ...names] : names)
  const targets: Target[] = []
  for (const name of wanted) {
    const directory = await mkdtemp(join(tmpdir(), `tollkeeper-bench-${name}-`))
    disposeAtExit(directory)
    try {
      const target = await STARTS[name](upstreamPort, directory)
      // Only now: its Postgres, if it has one, was started before and stays free to use any core.
      pin(target.pids(), cores?.proxy)
      targets.push(target)
    } catch (error) {
      if (!(error instanceof TargetMissing)) throw error
      print(`Target ${name} is left out: ${error.message}.\n`)
    }
  }
  if (targets.length === 0) throw new Error('no target is left')
  return targets
}

interface Result {
  scenario: string
  unit: string
  rows: Row[]
}

async function runAll(options: Options, targets: Target[], load: Load): Promise<Result[]> {
  const results: Result[] = []
  for (const name of options.scenarios) {
    const scenario = buildScenario(name, options)
    const measured = targets.filter(
      (target) => name === 'latency' || options.targets.some((wanted) => wanted === target.name),
    )
    const rows = await runRounds(scenario, measured, load, options.rounds)
    print(`\n${renderTable(scenario, summarise(rows))}`)
    for (const { target, samples } of rows) {
      for (const sample of samples) print(`${target}: ${sample}\n`)
    }
    results.push({ scenario: name, unit: scenario.unit, rows })
  }
  return results
}

async function writeJson(file: string, machine: string, options: Options, results: Result[]) {
  const scenarios = results.map(({ scenario, unit, rows }) => {
    const plain = rows.map((row) => ({ ...row, samples: [...row.samples] }))
    return { scenario, unit, summaries: summarise(rows), rows: plain }
  })
  const report = { at: new Date().toISOString(), machine, options, scenarios }
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
}

function print(text: string): void {
  process.stdout.write(text)
}
