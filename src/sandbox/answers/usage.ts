import type { Tuning } from '../questions/tuning.ts'

/** Tokens of one answer as the sandbox counts them; `reasoning` is a part of `completion`. */
export type Counted = {
  readonly prompt: number
  readonly completion: number
  readonly reasoning: number
}

/** How an upstream reports what it counted. */
export type UsageStyle = keyof typeof STYLES

/** The part of the truth in the last of the shrinking reports. */
const SHRUNK_TO = 0.5

const STYLES = {
  counted: (tokens: Counted) => member(openAi(tokens)),
  none: () => '',
  null: () => member(null),
  zero: () => member(report(0, 0)),
  negative: (tokens: Counted) => member(report(-tokens.prompt, -tokens.completion)),
  string: (tokens: Counted) =>
    member({
      prompt_tokens: String(tokens.prompt),
      completion_tokens: String(tokens.completion),
      total_tokens: String(tokens.prompt + tokens.completion),
    }),
  absurd: () => member({ prompt_tokens: 1e308, completion_tokens: 'NaN', total_tokens: 1e308 }),
  /** The last report is smaller than those before it. */
  shrinking: (tokens: Counted, last: boolean) =>
    member(
      last ? report(tokens.prompt, Math.floor(tokens.completion * SHRUNK_TO)) : openAi(tokens),
    ),
  /** MiniMax: no counts at all, on content chunks. */
  'total-only': () => member({ total_tokens: 0, total_characters: 0 }),
  /** Groq. */
  'x-groq': (tokens: Counted) => `"x_groq":{"id":"req_sandbox",${member(openAi(tokens))}}`,
  /** llama.cpp. */
  timings: ({ prompt, completion }: Counted) =>
    `"timings":${JSON.stringify({ cache_n: 0, prompt_n: prompt, predicted_n: completion })}`,
  /** xAI: completion_tokens leave reasoning out, total_tokens have it. */
  'without-reasoning': (tokens: Counted) =>
    member({
      ...openAi(tokens),
      completion_tokens: tokens.completion - tokens.reasoning,
    }),
  /** xAI, of a search: each source is billed. */
  sources: (tokens: Counted) => member({ ...openAi(tokens), num_sources_used: 3 }),
  /** Neither has it; the details tell of it. */
  'reasoning-apart': (tokens: Counted) => {
    const { prompt, completion, reasoning } = tokens
    return member({ ...openAi(tokens), ...report(prompt, completion - reasoning) })
  },
  /** Nothing tells of it. */
  'reasoning-uncounted': ({ prompt, completion, reasoning }: Counted) =>
    member(report(prompt, completion - reasoning)),
}

/** The JSON member that reports usage, or ''. `last`: no other report follows in this answer. */
export function usageMember(
  style: UsageStyle,
  tokens: Counted,
  tuning: Tuning,
  last: boolean,
): string {
  if (style !== 'none' && tuning.usage !== undefined) return `"usage":${tuning.usage}`
  return STYLES[style](
    {
      prompt: tuning.prompt_tokens ?? tokens.prompt,
      completion: tuning.completion_tokens ?? tokens.completion,
      reasoning: tokens.reasoning,
    },
    last,
  )
}

function openAi({ prompt, completion, reasoning }: Counted): object {
  const base = report(prompt, completion)
  if (reasoning === 0) return base
  return { ...base, completion_tokens_details: { reasoning_tokens: reasoning } }
}

function report(prompt: number, completion: number): object {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  }
}

function member(usage: object | null): string {
  return `"usage":${JSON.stringify(usage)}`
}
