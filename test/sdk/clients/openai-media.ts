import { type OpenAI, toFile } from 'openai'
import type { Call, Observed } from './client.ts'
import { digest, RECORDING } from './media.ts'

export async function models(client: OpenAI, _: Call, seen: Observed): Promise<void> {
  const ids: string[] = []
  for await (const { id } of client.models.list()) ids.push(id)
  seen.data = ids
}

export async function embeddings(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const input = [call.prompt, 'another text']
  const { data, usage } = await client.embeddings.create({ model: call.model, input })
  seen.data = data.map(({ embedding }) => embedding)
  seen.usage = { input: usage.prompt_tokens, output: 0 }
}

export async function moderations(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const { results } = await client.moderations.create({ model: call.model, input: call.prompt })
  seen.data = results.map(({ flagged }) => flagged)
}

export async function images(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const { data } = await client.images.generate({ model: call.model, prompt: call.prompt })
  seen.data = data?.map(({ b64_json: image, url }) => digest(image ?? url ?? ''))
}

export async function speech(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const { model, prompt: input } = call
  const response = await client.audio.speech.create({ model, input, voice: 'alloy' })
  seen.data = digest(Buffer.from(await response.arrayBuffer()))
}

export async function transcription(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const file = await toFile(RECORDING, 'recording.wav')
  const { text } = await client.audio.transcriptions.create({ model: call.model, file })
  seen.text = text
}
