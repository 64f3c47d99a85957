import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { FaultProxy } from '../test/harness/fault-proxy.ts'
import { freePort } from '../test/harness/free-port.ts'
import { OwnPostgres } from '../test/harness/own-postgres.ts'
import { Admin } from './accounts.ts'
import type { Fault } from './fault.ts'
import { Instance } from './instance.ts'
import { MODEL } from './orders.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'
import { knowledgeOf, Upstream } from './upstream.ts'

/** Tokens a stream holds at a time: few, so that it comes back for more. */
const TIER = { hold_output_tokens: 768 }

/** Connections of the drill itself. */
const CONNECTIONS = 4

/** The processes a fault is played with. */
export type Scene = {
  /** Logs and data. */
  folder: string
  postgres: OwnPostgres
  /** What the upstream knows, or all of them. */
  sandbox: Pick<Sandbox, 'url' | 'calls' | 'call'>
  /** Where there are several. */
  upstreams: Upstream[]
  instances: Instance[]
  /** The ways to Postgres, one an instance, where the fault wants them. */
  links: FaultProxy[]
  admin: Admin
  /** A way of the drill's own to the books, which no fault touches. */
  sql: postgres.Sql
  closing: Closing
}

/** Notes what has been started, to end it in reverse order. */
export class Closing {
  readonly #steps: (() => Promise<unknown>)[] = []

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step)
  }

  /** Ends everything, in whatever state a fault has left it; safe to call twice. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) await step()
  }
}

type SceneOptions = { instances: number; keepFolder: boolean; closing: Closing }

/** Starts everything a fault needs. */
export async function setScene(fault: Fault, options: SceneOptions): Promise<Scene> {
  const { closing } = options
  const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-drill-'))
  if (!options.keepFolder) closing.add(() => rm(folder, { recursive: true, force: true }))
  const database = await OwnPostgres.start()
  closing.add(() => database.close())
  const { sandbox, upstreams } = await startUpstreams(fault, closing)
  const sql = postgres(database.url, { max: CONNECTIONS, onnotice: () => {} })
  closing.add(() => sql.end({ timeout: 1 }))

  const token = randomBytes(16).toString('hex')
  const shared = {
    SECRET_KEY: randomBytes(16).toString('hex'),
    ADMIN_TOKEN: token,
    OPENAI_BASE_URL: sandbox.url,
    OPENAI_API_KEY: 'the-sandbox-takes-any',
    ...fault.env,
  }
  const links: FaultProxy[] = []
  const instances: Instance[] = []
  while (instances.length < options.instances) {
    const link = fault.linked ? await FaultProxy.start(database.url) : null
    if (link) closing.add(() => link.close())
    if (link) links.push(link)
    const env = { ...shared, DATABASE_URL: link?.url ?? database.url }
    const name = `instance-${instances.length + 1}`
    instances.push(new Instance({ name, port: await freePort(), folder, env }))
  }
  for (const instance of instances) closing.add(() => instance.destroy())
  await Promise.all(instances.map((instance) => instance.start()))

  const admin = new Admin((instances[0] as Instance).origin, token)
  await admin.setTier({ ...TIER, ...fault.tier })
  if (upstreams.length > 0) await admin.route(MODEL, upstreams)
  return { folder, postgres: database, sandbox, upstreams, instances, links, admin, sql, closing }
}

/** The one upstream of most faults, or the several of one. */
async function startUpstreams({ upstreams: plans = [] }: Fault, closing: Closing) {
  const upstreams: Upstream[] = []
  for (const plan of plans) {
    const upstream = await Upstream.start(plan)
    closing.add(() => upstream.stop())
    upstreams.push(upstream)
  }
  if (upstreams.length > 0) return { sandbox: knowledgeOf(upstreams), upstreams }
  const sandbox = await startSandbox()
  closing.add(() => sandbox.stop())
  return { sandbox, upstreams }
}
