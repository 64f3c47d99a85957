import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts what has to be read again: the keys of providers. */
export type SecretBox = {
  seal(text: string): Buffer
  /** @throws Error when no secret of SECRET_KEY opens it */
  open(sealed: Buffer): string
}

/** @param secretKeys the secrets of SECRET_KEY: the first seals, all can open */
export function createSecretBox(secretKeys: string[]): SecretBox {
  const keys = secretKeys.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'tollkeeper provider key', 32)),
  )
  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, keys[0] as Buffer, nonce)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body])
    },
    open(sealed) {
      for (const key of keys) {
        const text = tryOpen(key, sealed)
        if (text !== null) return text
      }
      throw new Error('a provider key was encrypted with a secret that SECRET_KEY does not have')
    },
  }
}

function tryOpen(key: Buffer, sealed: Buffer): string | null {
  try {
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    const body = sealed.subarray(NONCE_BYTES + TAG_BYTES)
    return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return null
  }
}
