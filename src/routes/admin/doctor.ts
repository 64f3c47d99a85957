import { type Static, Type } from '@sinclair/typebox'
import type { UpstreamTimeouts } from '../../config.ts'
import { type Diagnosis, diagnose } from '../../doctor/diagnosis.ts'
import type { Observed } from '../../doctor/observed.ts'
import { PRESETS } from '../../doctor/presets.ts'
import { QUIRKS, type Quirk } from '../../doctor/quirks.ts'
import { SUBJECTS } from '../../doctor/subjects.ts'
import type { SecretBox } from '../../secrets/secret-box.ts'
import { findProvider } from '../../store/providers.ts'
import { storable } from '../../store/request-record.ts'
import type { AddressGuard } from '../../upstream/connect/address-guard.ts'
import { UpstreamPools } from '../../upstream/connect/pools.ts'
import type { Proxies } from '../../upstream/connect/proxies.ts'
import { examine } from '../../upstream/probe/probe.ts'
import { type Examined, ProbeSession } from '../../upstream/probe/session.ts'
import type { UpstreamTarget } from '../../upstream/target.ts'
import { createTargets } from '../../upstream/targets.ts'
import { PLAIN_PROFILE } from '../../wire/profile.ts'
import { answer, Count } from '../answers.ts'
import { readBaseUrl } from './base-url.ts'
import { nullable, oneOf, strictObject, Text, UpstreamKey } from './fields.ts'
import { ProfileFields, profileBody } from './profile-body.ts'
import { found, invalidValue } from './refusals.ts'
import type { AdminPlugin } from './type-provider.ts'

const Patient = strictObject({
  /** An upstream that is no provider yet. */
  base_url: Type.Optional(Text),
  /** Its key. */
  api_key: Type.Optional(nullable(UpstreamKey)),
  /** Instead of both: a provider of the database, or that of the environment. */
  provider: Type.Optional(Text),
  /** The model to ask; left out, one that it lists. */
  model: Type.Optional(Text),
})

/** What no examination finds out. */
const UNSEEN = [
  'api',
  'embedding_format',
  'drop_fields',
  'finish_max_tokens',
  'finish_max_seconds',
] as const

const FindingBody = Type.Object({
  about: oneOf(SUBJECTS),
  verdict: oneOf(['ok', 'quirk', 'fault', 'unknown'] as const),
  quirk: nullable(oneOf(Object.keys(QUIRKS) as Quirk[])),
  seen: Type.String(),
  follows: nullable(Type.String({ description: 'For billing, for clients, and what to do.' })),
})

const DiagnosisBody = answer('Diagnosis', 'What an upstream lacks, and what follows.', {
  verdict: oneOf(['ok', 'quirk', 'fault'] as const),
  usable: Type.Boolean({ description: 'Whether calls get an answer.' }),
  base_url: nullable(Type.String({ description: 'The one to use.' })),
  model: nullable(Type.String({ description: 'The model that was asked.' })),
  preset: nullable(oneOf(Object.keys(PRESETS))),
  profile: Type.Object({
    ...Type.Omit(ProfileFields, UNSEEN).properties,
    on_disconnect: Type.Optional(ProfileFields.properties.on_disconnect),
  }),
  findings: Type.Array(FindingBody),
  calls: Count,
  duration_ms: Count,
})

const schema = {
  summary: 'Examine an upstream, with a handful of small calls',
  body: Patient,
  answers: { 200: DiagnosisBody },
}

type DoctorOptions = {
  secretBox: SecretBox
  guard: AddressGuard
  proxies: Proxies
  timeouts: UpstreamTimeouts
  environment: UpstreamTarget
}

/** `/admin/doctor`: what an upstream lacks. Nothing is stored; its key comes out nowhere. */
export const doctorRoutes: AdminPlugin<DoctorOptions> = async (app, options) => {
  const { secretBox, guard, proxies, timeouts, environment } = options
  const targetOf = createTargets(secretBox)
  const running = new Set<AbortController>()
  app.addHook('preClose', async () => {
    for (const examination of running) examination.abort()
  })

  /** @throws ProxyError invalid_value, not_found */
  async function patientOf(body: Static<typeof Patient>): Promise<Examined> {
    const { base_url, provider: name, api_key: apiKey = null } = body
    if ((base_url === undefined) === (name === undefined)) {
      throw invalidValue('base_url', 'Name a base_url or a provider, and not both.')
    }
    if (name === environment.provider) return examinedOf(environment)
    if (name !== undefined) {
      const provider = found(await findProvider(app.database.db, storable(name)), 'provider')
      return examinedOf(targetOf(provider))
    }
    const baseUrl = await readBaseUrl(base_url ?? '', guard, proxies)
    return { baseUrl, apiKey, authHeader: 'authorization', source: 'database' }
  }

  app.post('/doctor', { schema }, async ({ body }, reply) => {
    const patient = await patientOf(body)
    const examination = new AbortController()
    reply.raw.once('close', () => examination.abort())
    running.add(examination)
    const pools = new UpstreamPools(timeouts, guard, proxies)
    try {
      const session = new ProbeSession(pools, patient, examination.signal)
      const observed = await examine(session, patient, body.model ?? null)
      return diagnosisBody(diagnose(observed), observed, patient.apiKey)
    } finally {
      running.delete(examination)
      await pools.close()
    }
  })
}

/** @throws ProxyError invalid_value for one that serves another API alone */
function examinedOf({ origin, pathOf, apiKey, profile, source }: UpstreamTarget): Examined {
  if (profile.api !== 'openai') {
    throw invalidValue('provider', "It does not serve OpenAI's API, and that is what is examined.")
  }
  return { baseUrl: new URL(origin + pathOf('')), apiKey, authHeader: profile.authHeader, source }
}

function diagnosisBody(
  { verdict, isUsable, baseUrl, preset, profile, findings }: Diagnosis,
  { model, calls, durationMs }: Observed,
  apiKey: string | null,
): Static<typeof DiagnosisBody> {
  const { on_disconnect, ...told } = profileBody({ ...PLAIN_PROFILE, ...profile })
  for (const field of UNSEEN) Reflect.deleteProperty(told, field)
  return {
    verdict,
    usable: isUsable,
    base_url: baseUrl,
    model,
    preset,
    profile: profile.onDisconnect === undefined ? told : { ...told, on_disconnect },
    findings: findings.map(({ about, verdict, quirk, seen, follows }) => ({
      about,
      verdict,
      quirk,
      seen: withoutKey(seen, apiKey),
      follows,
    })),
    calls,
    duration_ms: Math.round(durationMs),
  }
}

/** Upstreams repeat a key that they refuse. */
function withoutKey(text: string, apiKey: string | null): string {
  if (apiKey === null) return text
  return text.replaceAll(apiKey, '***').replaceAll(JSON.stringify(apiKey).slice(1, -1), '***')
}
