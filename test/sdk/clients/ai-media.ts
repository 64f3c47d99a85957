import {
  type EmbeddingModel,
  embedMany,
  generateImage,
  generateSpeech,
  type ImageModel,
  type SpeechModel,
  type TranscriptionModel,
  transcribe,
} from 'ai'
import type { Act, Call } from './client.ts'
import { digest, RECORDING } from './media.ts'

const retries = ({ maxRetries }: Call) => ({ maxRetries })

export function embed(modelOf: (call: Call) => EmbeddingModel): Act {
  return async (call, seen) => {
    const values = [call.prompt, 'another text']
    const answer = await embedMany({ model: modelOf(call), values, ...retries(call) })
    seen.data = answer.embeddings
    seen.usage = { input: answer.usage.tokens, output: 0 }
  }
}

export function image(modelOf: (call: Call) => ImageModel): Act {
  return async (call, seen) => {
    const { prompt } = call
    const { images } = await generateImage({ model: modelOf(call), prompt, ...retries(call) })
    seen.data = images.map(({ base64 }) => digest(base64))
  }
}

export function speak(modelOf: (call: Call) => SpeechModel): Act {
  return async (call, seen) => {
    const { prompt: text } = call
    const { audio } = await generateSpeech({ model: modelOf(call), text, ...retries(call) })
    seen.data = digest(audio.uint8Array)
  }
}

export function hear(modelOf: (call: Call) => TranscriptionModel): Act {
  return async (call, seen) => {
    const audio = RECORDING
    const { text } = await transcribe({ model: modelOf(call), audio, ...retries(call) })
    seen.text = text
  }
}
