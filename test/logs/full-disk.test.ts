import { expect, test } from 'vitest'
import { startServer } from './server.ts'

test('a process whose log can not be written serves on, and ends as it should', async () => {
  const server = await startServer('> /dev/full')
  try {
    const key = await server.key('100')
    const answer = await fetch(`${server.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'sandbox-echo',
        messages: [{ role: 'user', content: 'who reads the log?' }],
      }),
    })
    expect(answer.status).toBe(200)
    await answer.text()
  } finally {
    await server.stop()
  }
  expect(server.child.exitCode).toBe(0)
})
