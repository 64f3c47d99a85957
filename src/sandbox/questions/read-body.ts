import type { IncomingMessage } from 'node:http'
import { REQUEST_BODY_BYTES } from '../limits.ts'
import { Problem } from '../problem.ts'

/**
 * Reads a request body, then calls `done` with its bytes. `refuse` gets a Problem instead for one
 * that is compressed (415) or passes REQUEST_BODY_BYTES (413); the rest of it is read and dropped,
 * so that the sender can read its answer. A sender that hangs up before the end gets neither.
 */
export function readBody(
  req: IncomingMessage,
  done: (body: Buffer) => void,
  refuse: (problem: Problem) => void,
): void {
  const coding = req.headers['content-encoding'] ?? 'identity'
  const parts: Buffer[] = []
  let size = 0
  let refused = false

  const stop = (problem: Problem): void => {
    refused = true
    parts.length = 0
    refuse(problem)
  }
  req.on('data', (part: Buffer) => {
    if (refused) return
    size += part.length
    if (size > REQUEST_BODY_BYTES) stop(tooLarge())
    else parts.push(part)
  })
  req.on('end', () => {
    if (refused) return
    const [first] = parts
    done(parts.length === 1 && first ? first : Buffer.concat(parts, size))
  })
  if (coding !== 'identity') {
    stop(new Problem(415, `Content-Encoding ${coding} is not supported.`, 'unsupported_media_type'))
  } else if (Number(req.headers['content-length'] ?? 0) > REQUEST_BODY_BYTES) {
    stop(tooLarge())
  }
}

function tooLarge(): Problem {
  return new Problem(413, `The body passes ${REQUEST_BODY_BYTES} bytes.`, 'request_too_large')
}
