import { randomUUID } from 'node:crypto'
import type { Admin } from './setup.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** An object of the API, read field by field by the tests. */
export type Body = Record<string, unknown> & {
  id: string
  data: Body[]
  next: string | null
  error: { code: string; param: string | null; message: string }
}

export type Answer = { status: number; body: Body }

/** Calls the admin API as its operator. */
export function clientOf({ app, token }: Admin) {
  const call =
    (method: Method) =>
    async (path: string, payload?: object): Promise<Answer> => {
      const answer = await app.inject({
        method,
        url: `/admin${path}`,
        headers: { authorization: `Bearer ${token}` },
        ...(payload && { payload }),
      })
      return { status: answer.statusCode, body: answer.json() }
    }
  const [get, post] = [call('GET'), call('POST')]
  return {
    get,
    post,
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE'),
    /** A new account with a name nobody else has. */
    account: async (fields: object = {}): Promise<Body> => {
      const { body } = await post('/accounts', { name: `account ${randomUUID()}`, ...fields })
      return body
    },
    /** Follows a list to its end; the pages in order. */
    pages: async (path: string): Promise<Body[][]> => {
      const pages: Body[][] = []
      let cursor: string | null = null
      do {
        const url: string = path + (cursor === null ? '' : `&cursor=${cursor}`)
        const { status, body }: Answer = await get(url)
        if (status !== 200) throw new Error(`GET ${url} answered ${status}`)
        pages.push(body.data)
        cursor = body.next
      } while (cursor !== null)
      return pages
    },
  }
}

/** An answer as the tests compare it: status, code and the field at fault. */
export function refusal({ status, body }: Answer): [number, string, string | null] {
  return [status, body.error.code, body.error.param]
}

export const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}'

/** A well-formed id that nothing has. */
export const NOBODY = '01900000-0000-7000-8000-000000000000'
