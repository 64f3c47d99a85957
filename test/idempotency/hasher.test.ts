import { expect, test } from 'vitest'
import { createIdempotencyHasher } from '../../src/idempotency/hasher.ts'

const NEW = 'a-secret-that-is-new-0123456789'
const OLD = 'a-secret-that-is-old-0123456789'
const hasher = createIdempotencyHasher([OLD])

const form = (boundary: string, text: string) => ({
  endpoint: '/v1/audio/transcriptions',
  contentType: `multipart/form-data; boundary=${boundary}`,
  body: Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n${text}\r\n--${boundary}--`,
  ),
})

test('a form that is sent again with another boundary is the same question', () => {
  const first = hasher.fingerprint(form('----boundary-1', 'whisper'))
  expect(hasher.fingerprint(form('----another-22', 'whisper'))).toEqual(first)
  expect(hasher.fingerprint(form('----boundary-1', 'whimper'))).not.toEqual(first)
  const quoted = form('----boundary-1', 'whisper')
  const contentType = 'multipart/form-data; boundary="----boundary-1"; charset=utf-8'
  expect(hasher.fingerprint({ ...quoted, contentType })).toEqual(first)
})

test('what stands in a JSON body is never taken for a boundary', () => {
  const question = (body: string) => ({
    endpoint: '/v1/chat/completions',
    contentType: 'application/json; boundary=x',
    body: Buffer.from(body),
  })
  expect(hasher.fingerprint(question('{"a":"x"}'))).not.toEqual(
    hasher.fingerprint(question('{"a":"\\0"}')),
  )
})

test('instances agree on keys and questions while a new secret is on its way to them', () => {
  const rotated = createIdempotencyHasher([NEW, OLD])
  expect(rotated.key('account', 'order-1')).toEqual(hasher.key('account', 'order-1'))
  const question = form('boundary', 'whisper')
  expect(rotated.fingerprint(question)).toEqual(hasher.fingerprint(question))
})

test('the hashes of a key differ by account and by secret, and never equal that of a body', () => {
  const hashes = [
    hasher.key('account-1', 'order'),
    hasher.key('account-2', 'order'),
    createIdempotencyHasher([NEW]).key('account-1', 'order'),
    hasher.fingerprint({ endpoint: 'account-1', contentType: '', body: Buffer.from('order') }),
  ]
  expect(new Set(hashes.map((hash) => hash.toString('hex'))).size).toBe(4)
})
