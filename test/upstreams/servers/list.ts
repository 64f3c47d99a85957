import { aimock } from './aimock.ts'
import { litellm } from './litellm.ts'
import { llamaCpp } from './llama-cpp.ts'
import { ollama } from './ollama.ts'
import type { UpstreamServer } from './server.ts'

export const SERVERS: UpstreamServer[] = [llamaCpp, ollama, litellm, aimock]
