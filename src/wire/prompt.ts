/** What a prompt weighs, measured without a tokenizer. */
export type PromptMeasure = {
  /** Characters of all text a model reads: the ground of an estimate. */
  characters: number
  /** Bytes of `data:` URLs and base64 audio, which are not tokenised as text. */
  binaryBytes: number
  /** Image and audio parts. */
  images: number
  audios: number
}

/**
 * Walks the messages of a chat request once.
 * @param messages the request's `messages`, any JSON value; what is not understood weighs nothing
 * here and is bounded by the body's bytes
 */
export function measurePrompt(messages: unknown): PromptMeasure {
  const measure = { characters: 0, binaryBytes: 0, images: 0, audios: 0 }
  if (!Array.isArray(messages)) return measure
  for (const message of messages) {
    const content = member(message, 'content')
    if (typeof content === 'string') measure.characters += content.length
    else if (Array.isArray(content)) for (const part of content) measurePart(part, measure)
  }
  return measure
}

/** All text of the messages, for an exact count. */
export function promptText(messages: unknown): string {
  if (!Array.isArray(messages)) return ''
  return messages
    .flatMap((message) => {
      const content = member(message, 'content')
      return Array.isArray(content) ? content.map((part) => member(part, 'text')) : [content]
    })
    .filter((text) => typeof text === 'string')
    .join('\n')
}

function measurePart(part: unknown, measure: PromptMeasure): void {
  const text = member(part, 'text')
  if (typeof text === 'string') measure.characters += text.length
  const image = member(part, 'image_url')
  if (image !== undefined) {
    const url = typeof image === 'string' ? image : member(image, 'url')
    measure.images += 1
    if (typeof url === 'string' && url.startsWith('data:')) measure.binaryBytes += url.length
  }
  const audio = member(part, 'input_audio')
  if (audio !== undefined) {
    const data = member(audio, 'data')
    measure.audios += 1
    if (typeof data === 'string') measure.binaryBytes += data.length
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}
