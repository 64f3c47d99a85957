import type { Change, MeteredRequest } from './metered-request.ts'
import type { Form } from './multipart.ts'

/** A request that was sent as a form. */
export type FormRequest = MeteredRequest & { form: Form }

/** A form for the upstream: the client's bytes but for the name of the model (W-19). */
export function formBody({ form, model }: FormRequest, { upstreamModel }: Change): Uint8Array {
  return upstreamModel === model ? form.body : form.with('model', upstreamModel)
}
