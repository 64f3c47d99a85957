import { stopAll } from '../../bench/processes.ts'
import type { Check } from './checks/check.ts'
import { CHECKS, LAST_CHECKS, type Title } from './checks/list.ts'
import type { Lack, UpstreamServer } from './servers/server.ts'
import { type Diagnosis, type Place, startWorld, type World } from './world.ts'

/** `lacks`: the server itself can not do it. */
export type Verdict = { kind: 'right' | 'wrong' | 'lacks'; says: string }

/** What came of one server. */
export type Tried = { server: UpstreamServer } & (
  | { kind: 'skipped'; reason: string }
  | { kind: 'failed'; version: string; reason: string }
  | { kind: 'ran'; version: string; diagnosis: Diagnosis; columns: Column[] }
)

/** The verdicts in one of the ways in which Tollkeeper has the server. */
export type Column = { provider: Place['provider']; verdicts: Map<Title, Verdict> }

/** Installs a server, runs it, and every check against it; ends whatever it has started. */
export async function tryServer(
  server: UpstreamServer,
  options: { build: boolean; hasCheck(title: string): boolean },
): Promise<Tried> {
  let version: string
  try {
    version = await server.install(options)
  } catch (error) {
    return { server, kind: 'skipped', reason: reasonOf(error) }
  }
  try {
    const world = await startWorld(await server.start())
    const columns = await runChecks(server, world, options).finally(() => world.tap.close())
    return { server, kind: 'ran', version, diagnosis: world.diagnosis, columns }
  } catch (error) {
    return { server, kind: 'failed', version, reason: reasonOf(error) }
  } finally {
    await stopAll()
  }
}

async function runChecks(
  server: UpstreamServer,
  world: World,
  { hasCheck }: { hasCheck(title: string): boolean },
): Promise<Column[]> {
  const columns: Column[] = []
  for (const place of world.places) {
    const verdicts = new Map<Title, Verdict>()
    columns.push({ provider: place.provider, verdicts })
    const checks = place === world.places.at(-1) ? [...CHECKS, ...LAST_CHECKS] : CHECKS
    for (const [title, check] of checks.filter(([title]) => hasCheck(title))) {
      const lack = lackOf(server.lacks[title], place)
      const verdict = await judge(() => check({ ...world, place }), lack)
      verdicts.set(title, verdict)
    }
  }
  return columns
}

function lackOf(lack: Lack | undefined, { provider }: Place): string | undefined {
  if (typeof lack !== 'object') return lack
  return provider === 'environment' ? lack.withoutProfile : undefined
}

/** A check that fails is wrong, but where the server is known to be the reason. */
async function judge(run: () => ReturnType<Check>, lacks: string | undefined): Promise<Verdict> {
  try {
    const says = (await run()) ?? 'right'
    if (lacks === undefined) return { kind: 'right', says }
    return { kind: 'wrong', says: `the server is said to lack it, and does not: ${lacks}` }
  } catch (error) {
    if (lacks !== undefined) return { kind: 'lacks', says: lacks }
    return { kind: 'wrong', says: reasonOf(error) }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
