import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts bytes that have to be read again. */
export type ByteBox = {
  /** @param about what they belong to: they open only together with it */
  seal(bytes: Uint8Array, about?: string): Buffer
  /** Null where no secret of SECRET_KEY opens it, or it is about something else. */
  open(sealed: Uint8Array, about?: string): Buffer | null
}

/**
 * @param secretKeys the secrets of SECRET_KEY: the first seals, all can open
 * @param use what the box is for; each use has keys of its own
 */
export function createByteBox(secretKeys: string[], use: string): ByteBox {
  const keys = secretKeys.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', use, 32)))
  return {
    seal(bytes, about = '') {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, keys[0] as Buffer, nonce).setAAD(Buffer.from(about))
      const body = [cipher.update(bytes), cipher.final()]
      return Buffer.concat([nonce, cipher.getAuthTag(), ...body])
    },
    open(sealed, about = '') {
      for (const key of keys) {
        const bytes = tryOpen(key, sealed, about)
        if (bytes !== null) return bytes
      }
      return null
    },
  }
}

/** Encrypts the keys of providers. */
export type SecretBox = {
  seal(text: string): Buffer
  /** @throws Error when no secret of SECRET_KEY opens it */
  open(sealed: Buffer): string
  canOpen(sealed: Buffer): boolean
}

/** @param secretKeys the secrets of SECRET_KEY: the first seals, all can open */
export function createSecretBox(secretKeys: string[]): SecretBox {
  const box = createByteBox(secretKeys, 'tollkeeper provider key')
  return {
    seal: (text) => box.seal(Buffer.from(text)),
    open(sealed) {
      const text = box.open(sealed)
      if (text !== null) return text.toString('utf8')
      throw new Error('a provider key was encrypted with a secret that SECRET_KEY does not have')
    },
    canOpen: (sealed) => box.open(sealed) !== null,
  }
}

function tryOpen(key: Buffer, sealed: Uint8Array, about: string): Buffer | null {
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(about))
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    const body = sealed.subarray(NONCE_BYTES + TAG_BYTES)
    return Buffer.concat([decipher.update(body), decipher.final()])
  } catch {
    return null
  }
}
