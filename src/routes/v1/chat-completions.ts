import type { FastifyInstance } from 'fastify'

/** POST /chat/completions, as an event stream or in one piece. */
export async function chatCompletions(app: FastifyInstance): Promise<void> {
  app.post('/chat/completions', (request, reply) =>
    app.forward(request, reply, '/chat/completions'),
  )
}
