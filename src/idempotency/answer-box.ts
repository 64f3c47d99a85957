import { promisify } from 'node:util'
import { constants, deflateRaw, inflateRaw } from 'node:zlib'
import { createByteBox } from '../secrets/secret-box.ts'
import { ANSWER_BYTES_MAX } from './capture.ts'

const compress = promisify(deflateRaw)
const expand = promisify(inflateRaw)

/** Turns the body of an answer into what is stored, and back. */
export type AnswerBox = {
  /** Compressed, since the chunks of a stream repeat each other, then encrypted. */
  seal(body: Uint8Array, requestId: string): Promise<Buffer>
  /** Null where the secret it was sealed with is not in SECRET_KEY any more. */
  open(sealed: Uint8Array, requestId: string): Promise<Buffer | null>
}

/** @param secretKeys the secrets of SECRET_KEY: the first seals, all can open */
export function createAnswerBox(secretKeys: string[]): AnswerBox {
  const box = createByteBox(secretKeys, 'tollkeeper kept answer')
  return {
    async seal(body, requestId) {
      return box.seal(await compress(body, { level: constants.Z_BEST_SPEED }), requestId)
    },
    async open(sealed, requestId) {
      const bytes = box.open(sealed, requestId)
      return bytes && expand(bytes, { maxOutputLength: ANSWER_BYTES_MAX })
    },
  }
}
