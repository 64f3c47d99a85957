import { createHash, timingSafeEqual } from 'node:crypto'
import type { onRequestAsyncHookHandler } from 'fastify'
import { ProxyError } from '../errors.ts'

/** What makes a browser ask for the token. */
const ASK = 'Basic realm="Tollkeeper: the admin token is the password", charset="UTF-8"'

type TokenOptions = {
  /** A browser has no bearer tokens: takes the token as the password of HTTP Basic too. */
  browsers?: boolean
}

/**
 * Hook (onRequest): lets in who has the admin token. Compares digests, so that the time taken
 * tells neither length nor content of the token.
 */
export function requireAdminToken(
  token: string,
  { browsers = false }: TokenOptions = {},
): onRequestAsyncHookHandler {
  const expected = sha256(token)
  return async ({ headers: { authorization = '' } }, reply) => {
    const bearer = authorization.match(/^bearer +(.+)$/i)?.[1]
    const given = bearer ?? (browsers ? passwordOf(authorization) : undefined)
    if (given === undefined || !timingSafeEqual(sha256(given), expected)) {
      if (browsers) reply.header('www-authenticate', ASK)
      throw new ProxyError('invalid_api_key', { message: 'Incorrect admin token provided.' })
    }
    reply.header('cache-control', 'no-store') // an answer may carry a new key
  }
}

/** The password of HTTP Basic; the user name is not looked at. */
function passwordOf(authorization: string): string | undefined {
  const encoded = authorization.match(/^basic +(\S+)$/i)?.[1]
  return (
    encoded &&
    Buffer.from(encoded, 'base64')
      .toString()
      .replace(/^[^:]*:/, '')
  )
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
