import {
  IMAGE_EVENT_BYTES_MAX,
  IMAGES_MAX,
  imageEvents,
  imagesBound,
  readImages,
} from '../wire/answers/image-answer.ts'
import { NAMED_ERRORS } from '../wire/error-shape.ts'
import { optionalBoolean, optionalInteger, requiredString } from '../wire/fields.ts'
import { type JsonRequest, readJsonRequest } from '../wire/json/json-request.ts'
import type { MeteredRequest } from '../wire/requests/metered-request.ts'
import { measurePrompt, promptText } from '../wire/requests/prompt.ts'
import { editedBody } from '../wire/requests/upstream-body.ts'
import { EventTap } from '../wire/sse/event-tap.ts'
import type { Endpoint } from './endpoint.ts'

const OWNED = new Set(['model', 'prompt', 'n', 'stream'])
/** What the types of its events begin with. */
const EVENTS = 'image_generation'

/** POST /images/generations: costs its prompt and a bounded number of tokens an image. */
export const imageGenerations: Endpoint<MeteredRequest & JsonRequest> = {
  path: '/images/generations',
  answers: 'a list of images',
  api: 'openai',
  takes: 'application/json',
  eventBytesMax: IMAGE_EVENT_BYTES_MAX,
  errors: NAMED_ERRORS,

  read(body) {
    const json = readJsonRequest(body, OWNED)
    const { fields, bytes } = json
    return {
      ...json,
      model: requiredString(fields, 'model'),
      stream: optionalBoolean(fields, 'stream') ?? false,
      prompt: measurePrompt(bytes, requiredString(fields, 'prompt')),
      choices: 1,
      outputLimit: null,
      fixedOutput: imagesBound(optionalInteger(fields, 'n', IMAGES_MAX) ?? 1),
    }
  },

  promptText: ({ fields }) => promptText(fields, ['prompt'], []),

  upstreamBody: (request, change) => editedBody(request, change),

  readAnswer: (body) => readImages(EVENTS, body),

  tap: (_request, options) => new EventTap(imageEvents(EVENTS), options),
}
