import type { Answer } from '../ask.ts'

/** Output tokens that most calls ask for. */
export const TOKENS = 12
/** What a stream that is not meant to end asks for. */
export const MANY_TOKENS = 3_500

const SAID = 'hello there, how are you today?'
const messages = [{ role: 'user', content: SAID }]

/** A call that is answered with text, and where the text is. */
export type Surface = {
  path: string
  ask(model: string, tokens?: number): object
  textOf(answer: Answer): string
}

export const CHAT: Surface = {
  path: '/chat/completions',
  ask: (model, max_tokens = TOKENS) => ({ model, messages, max_tokens, temperature: 0 }),
  textOf: ({ json, events }) =>
    json?.choices[0].message.content ??
    events.map((event) => event?.choices?.[0]?.delta?.content ?? '').join(''),
}

export const COMPLETIONS: Surface = {
  path: '/completions',
  ask: (model, max_tokens = TOKENS) => ({ model, prompt: SAID, max_tokens, temperature: 0 }),
  textOf: ({ json, events }) =>
    json?.choices[0].text ?? events.map((event) => event?.choices?.[0]?.text ?? '').join(''),
}

export const RESPONSES: Surface = {
  path: '/responses',
  ask: (model, max_output_tokens = TOKENS) => ({ model, input: SAID, max_output_tokens }),
  textOf: ({ json, events }) =>
    json?.output
      .flatMap((item: any) => item.content ?? [])
      .map((part: any) => part.text)
      .join('') ??
    events
      .filter((event) => event?.type === 'response.output_text.delta')
      .map(({ delta }) => delta)
      .join(''),
}

export const MESSAGES: Surface = {
  path: '/messages',
  ask: (model, max_tokens = TOKENS) => ({ model, messages, max_tokens }),
  textOf: ({ json, events }) =>
    json?.content.map((part: any) => part.text ?? '').join('') ??
    events.map((event) => event?.delta?.text ?? '').join(''),
}
