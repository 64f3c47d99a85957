import { IMAGE_OUTPUT_TOKENS_MAX } from '../domain/bounds.ts'
import {
  IMAGE_EVENT_BYTES_MAX,
  IMAGES_MAX,
  imageEvents,
  imagesBound,
  readImages,
} from '../wire/answers/image-answer.ts'
import { NAMED_ERRORS } from '../wire/error-shape.ts'
import { type FormRequest, formBody } from '../wire/requests/form-request.ts'
import { Form } from '../wire/requests/multipart.ts'
import { emptyPrompt } from '../wire/requests/prompt.ts'
import { EventTap } from '../wire/sse/event-tap.ts'
import type { Endpoint } from './endpoint.ts'

/** What the types of its events begin with. */
const EVENTS = 'image_edit'

/** POST /images/edits: costs its prompt, the images it is given and those it makes. */
export const imageEdits: Endpoint<FormRequest> = {
  path: '/images/edits',
  answers: 'a list of images',
  api: 'openai',
  takes: 'multipart/form-data',
  eventBytesMax: IMAGE_EVENT_BYTES_MAX,
  errors: NAMED_ERRORS,

  read(body, contentType) {
    const form = new Form(body, contentType)
    const { files } = form
    return {
      form,
      model: form.requiredText('model'),
      stream: form.flag('stream'),
      prompt: {
        ...emptyPrompt(body.byteLength),
        characters: form.requiredText('prompt').length,
        binaryBytes: files.bytes,
        mediaTokens: files.count * IMAGE_OUTPUT_TOKENS_MAX, // as dear as what it makes
      },
      choices: 1,
      outputLimit: null,
      fixedOutput: imagesBound(form.integer('n', IMAGES_MAX) ?? 1),
    }
  },

  promptText: () => null,

  upstreamBody: formBody,

  readAnswer: (body) => readImages(EVENTS, body),

  tap: (_request, options) => new EventTap(imageEvents(EVENTS), options),
}
