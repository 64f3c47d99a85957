import { type Answered, isObject, parse } from './heard.ts'

export type ListedModel = { id: string; ownedBy: string | null }

export type ModelList = {
  models: ListedModel[]
  /** It is `{"data": [...]}`, as OpenAI has it. */
  isUsual: boolean
}

/** Names of models that do not chat. */
const OTHER_KIND =
  /embed|whisper|tts|dall-e|image|audio|speech|realtime|transcri|rerank|moderation|guard|ocr|bge/i

/** Names that promise a cheap answer. */
const CHEAP = /nano|mini|small|flash|lite|haiku|tiny|instant|\b[1-9](\.\d)?b\b/i

/** A list of models in any of the shapes seen in the wild; null is none of them. */
export function readModelList({ body }: Answered): ModelList | null {
  const value = parse(body)
  const data = isObject(value) ? value.data : undefined
  const list = [data, value, isObject(value) ? value.models : undefined].find(Array.isArray)
  if (list === undefined) return null
  const models = list.filter(isObject).flatMap(({ id, name, owned_by: ownedBy }) => {
    const known = typeof id === 'string' ? id : name
    if (typeof known !== 'string' || known === '') return []
    return [{ id: known, ownedBy: typeof ownedBy === 'string' ? ownedBy : null }]
  })
  return { models, isUsual: Array.isArray(data) }
}

/** The model to ask: one that chats, a cheap one if there is any. */
export function pickModel(list: ModelList | null): string | null {
  const names = list?.models.map(({ id }) => id) ?? []
  const chatting = names.filter((name) => !OTHER_KIND.test(name))
  return chatting.find((name) => CHEAP.test(name)) ?? chatting[0] ?? names[0] ?? null
}
