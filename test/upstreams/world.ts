import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { disposeAtExit } from '../../bench/processes.ts'
import { launchServer, type Server } from '../../bench/targets/launch.ts'
import { callAdmin } from '../sdk/world/world.ts'
import { PRICE } from './reported.ts'
import type { Upstream } from './servers/server.ts'
import { openTap, type Tap } from './tap.ts'

/** A Tollkeeper before one upstream, which it has in two ways: see `places`. */
export type World = {
  upstream: Upstream
  tap: Tap
  server: Server
  places: Place[]
  diagnosis: Diagnosis
  /** A call of the admin API; throws on any answer but 2xx. */
  admin(method: string, path: string, body?: object): Promise<any>
}

/** Models of the upstream by the names that a customer uses. */
export type Place = {
  /** Of the environment, or saved by the doctor with the profile that it found. */
  provider: 'environment' | 'saved'
  model: string
  embeddingModel: string
  unknownModel: string
}

export type Diagnosis = {
  usable: boolean
  preset: string | null
  profile: Record<string, string>
  findings: { about: string; verdict: string; quirk: string | null; seen: string }[]
}

/** What the upstream has not. */
const NO_MODEL = 'no-such-model'
const SAVED = 'saved'
/** Output tokens that a stream holds at a time: few, so that answers here take several. */
const SLICE_TOKENS = 64
const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Starts a Tollkeeper before an upstream; `stopAll` ends it. */
export async function startWorld(upstream: Upstream): Promise<World> {
  const tap = await openTap(upstream.port)
  try {
    const baseUrl = `${tap.origin}/v1`
    const server = await startTollkeeper(upstream, baseUrl)
    const diagnosis = await askDoctor(server, upstream, baseUrl)
    const admin: World['admin'] = (...call) => callAdmin(server, ...call)
    await furnish(admin, upstream, diagnosis.usable)
    const places = placesOf(upstream, diagnosis.usable)
    return { upstream, tap, server, places, diagnosis, admin }
  } catch (error) {
    await tap.close()
    throw error
  }
}

async function startTollkeeper({ apiKey }: Upstream, baseUrl: string): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'tollkeeper-upstreams-'))
  disposeAtExit(directory)
  return await launchServer(directory, {
    OPENAI_BASE_URL: baseUrl,
    ...(apiKey && { OPENAI_API_KEY: apiKey }),
    UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8',
    LOG_LEVEL: 'info',
  })
}

/** What the doctor finds no way to use is not saved. */
function placesOf({ model, embeddingModel }: Upstream, isSaved: boolean): Place[] {
  const environment: Place = {
    provider: 'environment',
    model,
    embeddingModel,
    unknownModel: NO_MODEL,
  }
  const saved: Place = {
    provider: 'saved',
    model: 'saved-chat',
    embeddingModel: 'saved-embeddings',
    unknownModel: 'saved-nothing',
  }
  return isSaved ? [environment, saved] : [environment]
}

/** Prices, and the models that lead to what the doctor saved. */
async function furnish(admin: World['admin'], upstream: Upstream, isSaved: boolean): Promise<void> {
  await admin('PUT', '/tiers/default', { hold_output_tokens: SLICE_TOKENS })
  const models = new Set([upstream.model, upstream.embeddingModel, NO_MODEL])
  for (const model of models) {
    await admin('POST', '/prices', { provider: 'openai', model, ...PRICE })
    if (isSaved) await admin('POST', '/prices', { provider: SAVED, model, ...PRICE })
  }
  if (!isSaved) return
  const routes = { chat: upstream.model, embeddings: upstream.embeddingModel, nothing: NO_MODEL }
  for (const [name, upstream_model] of Object.entries(routes)) {
    await admin('PUT', `/models/saved-${name}`, { routes: [{ provider: SAVED, upstream_model }] })
  }
}

/** Runs the doctor as an operator does, and saves what it finds. */
async function askDoctor(
  { origin, token }: Server,
  { model, apiKey }: Upstream,
  baseUrl: string,
): Promise<Diagnosis> {
  const args = ['doctor', baseUrl, '--model', model, '--save', SAVED, '--json']
  const key = ['--api-key', apiKey === null ? 'none' : '-']
  const env = { PATH: process.env.PATH, TOLLKEEPER_URL: origin, ADMIN_TOKEN: token }
  return await new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [CLI, ...args, ...key], { env }, (_, out, problem) => {
      // It exits with 1 where it has found a fault; what it says is all the same a diagnosis.
      if (out.startsWith('{')) resolve(JSON.parse(out))
      else reject(new Error(`the doctor said: ${problem || out}`))
    })
    child.stdin?.end(apiKey ?? '')
  })
}
