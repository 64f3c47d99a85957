/** What a request is sent as: JSON, the text of it, or a form. */
export type Sent = object | string | FormData

/** A small good request to each metered endpoint. */
export type Sample = {
  path: string
  /** It may answer with an event stream. */
  streams: boolean
  /** @param more fields of a JSON body, or parts of a form */
  ask(model: string, stream: boolean, more?: object): Sent
}

const SAID = 'Hello, upstream'
const messages = [{ role: 'user', content: SAID }]

/** A request that says with `stream` whether it wants one. */
function json(path: string, fields: object, streams: boolean): Sample {
  return {
    path,
    streams,
    ask: (model, stream, more = {}) => ({ model, ...fields, ...(stream && { stream }), ...more }),
  }
}

/** Bytes that are no text, and look like line ends and boundaries. */
export const SOUND = new File(
  [Buffer.from('\xff\xd8\r\n--\r\n\0\r\n'.repeat(150), 'latin1')],
  'a.mp3',
)
const PICTURE = new File([Buffer.alloc(2_000, 0xab)], 'a.png', { type: 'image/png' })

/** A form with these parts; an array is as many parts of one name. */
export function form(parts: Record<string, unknown>): FormData {
  const made = new FormData()
  for (const [name, value] of Object.entries(parts)) {
    for (const one of [value].flat()) {
      if (one instanceof File) made.append(name, one)
      else if (one !== undefined)
        made.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one))
    }
  }
  return made
}

export const SAMPLES: readonly Sample[] = [
  json('/chat/completions', { messages }, true),
  json('/completions', { prompt: SAID }, true),
  json('/responses', { input: SAID }, true),
  json('/messages', { messages, max_tokens: 100 }, true),
  json('/messages/count_tokens', { messages }, false),
  json('/embeddings', { input: SAID }, false),
  json('/moderations', { input: SAID }, false),
  json('/images/generations', { prompt: SAID }, true),
  {
    path: '/audio/speech',
    streams: true,
    ask: (model, stream, more = {}) => ({
      model,
      input: SAID,
      voice: 'alloy',
      ...(stream && { stream_format: 'sse' }),
      ...more,
    }),
  },

  {
    path: '/images/edits',
    streams: true,
    ask: (model, stream, more = {}) =>
      form({ model, prompt: SAID, image: PICTURE, ...(stream && { stream }), ...more }),
  },
  {
    path: '/audio/transcriptions',
    streams: true,
    ask: (model, stream, more = {}) =>
      form({ file: SOUND, model, prompt: SAID, ...(stream && { stream }), ...more }),
  },
  {
    path: '/audio/translations',
    streams: false,
    ask: (model, _stream, more = {}) => form({ file: SOUND, model, prompt: SAID, ...more }),
  },
]

/** Each sample, as it is and as a stream where it may be one: rows of a `test.each`. */
export const KINDS: [title: string, sample: Sample, stream: boolean][] = SAMPLES.flatMap(
  (sample): [string, Sample, boolean][] =>
    [
      [sample.path, sample, false],
      ...(sample.streams ? [[`${sample.path} as a stream`, sample, true] as const] : []),
    ] as [string, Sample, boolean][],
)
