import type { Profile } from '../wire/profile.ts'
import type { ListedModel } from './models.ts'

/** A well-known server: where it is, how it is known again, and its quirks. */
export type Preset = {
  /** What people call it. */
  says: string
  /** Its address, where there is one for all. */
  baseUrl?: string
  /** The end of its host's name. */
  host?: string
  /** `owned_by` of its models. */
  ownedBy?: string
  /** A header of its answers, and what that begins with. */
  header?: readonly [name: string, value: string]
  profile: Partial<Profile>
}

/**
 * Presets by name. A profile here says only what is known of every model the server has; OpenRouter
 * lists those that generate and bill on after a hang-up.
 */
export const PRESETS: Readonly<Record<string, Preset>> = {
  vllm: { says: 'vLLM', ownedBy: 'vllm', profile: { streamOptions: 'continuous' } },
  sglang: { says: 'SGLang', ownedBy: 'sglang', profile: { streamOptions: 'continuous' } },
  'llama.cpp': {
    says: 'llama.cpp',
    ownedBy: 'llamacpp',
    header: ['server', 'llama.cpp'],
    profile: { dropFields: ['n_predict'] }, // another limit of the output, before any that is held
  },
  ollama: { says: 'Ollama', ownedBy: 'library', profile: { outputLimit: 'max_tokens' } },
  'lm-studio': { says: 'LM Studio', ownedBy: 'organization_owner', profile: {} },
  openai: {
    says: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    host: 'api.openai.com',
    profile: {},
  },
  azure: { says: 'Azure OpenAI', host: '.azure.com', profile: { authHeader: 'api-key' } },
  groq: {
    says: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    host: 'api.groq.com',
    profile: { onDisconnect: 'finish' },
  },
  deepseek: {
    says: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com/v1',
    host: 'api.deepseek.com',
    profile: { developerRole: 'system' },
  },
  mistral: {
    says: 'Mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    host: 'api.mistral.ai',
    // it reports the usage of a stream unasked, and refuses to be asked
    profile: { streamOptions: 'omit', outputLimit: 'max_tokens', onDisconnect: 'finish' },
  },
  xai: {
    says: 'xAI',
    baseUrl: 'https://api.x.ai/v1',
    host: 'api.x.ai',
    profile: { reasoningTokens: 'excluded' },
  },
  openrouter: {
    says: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    host: 'openrouter.ai',
    profile: { dropFields: ['models', 'fallbacks'] }, // others than the one that is charged
  },
  perplexity: {
    says: 'Perplexity',
    baseUrl: 'https://api.perplexity.ai/',
    host: 'api.perplexity.ai',
    profile: { reasoningTokens: 'excluded' },
  },
  together: {
    says: 'Together',
    baseUrl: 'https://api.together.xyz/v1',
    host: 'api.together.xyz',
    profile: {},
  },
}

/** The preset of a server, by what can be seen of it; null where it is none of them. */
export function recognise(seen: {
  baseUrl: string
  models: readonly ListedModel[]
  headers: Readonly<Record<string, string>>
}): string | null {
  const { hostname } = new URL(seen.baseUrl)
  const owners = new Set(seen.models.map(({ ownedBy }) => ownedBy))
  const found = Object.entries(PRESETS).find(([, { host, ownedBy, header }]) => {
    if (host !== undefined) return `.${hostname}`.endsWith(host.replace(/^\.?/, '.'))
    if (header && seen.headers[header[0]]?.toLowerCase().startsWith(header[1])) return true
    return ownedBy !== undefined && owners.has(ownedBy)
  })
  return found?.[0] ?? null
}
