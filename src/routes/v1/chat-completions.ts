import type { FastifyInstance } from 'fastify'
import { chatSchema } from './chat-reference.ts'

/** POST /chat/completions, as an event stream or in one piece. */
export async function chatCompletions(app: FastifyInstance): Promise<void> {
  app.post('/chat/completions', { schema: chatSchema }, (request, reply) =>
    app.forward(request, reply, '/chat/completions'),
  )
}
