import { createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_LENGTH = 32
const CHECKSUM_LENGTH = 6
const KEY_PATTERN = /^tk_[0-9A-Za-z]{38}$/

/** The largest multiple of 62 that fits a byte: bytes from there on would favour low digits. */
const UNBIASED_BELOW = 248

/** A new API key: `tk_`, 32 random base62 characters, and 6 of checksum over what precedes them. */
export function createApiKey(): string {
  let secret = ''
  while (secret.length < SECRET_LENGTH) {
    for (const byte of randomBytes(SECRET_LENGTH)) {
      if (byte < UNBIASED_BELOW && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % 62]
    }
  }
  return `tk_${secret}${checksum(`tk_${secret}`)}`
}

/** Whether a text can be one of our keys at all: spares the database a look-up for garbage. */
export function isApiKey(text: string): boolean {
  if (!KEY_PATTERN.test(text)) return false
  return checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
}

/** Enough of a key to recognise it in a list, too little to use it. */
export function keyHint(key: string): string {
  return `${key.slice(0, 7)}...${key.slice(-4)}`
}

/**
 * Hashes API keys under each secret of SECRET_KEY, newest first.
 * A fast keyed hash is right here: the keys are random, so only the pepper is worth attacking.
 */
export function createKeyHasher(secretKeys: string[]): (key: string) => Buffer[] {
  const peppers = secretKeys.map((secret) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'tollkeeper api key hash', 32))),
  )
  return (key) => peppers.map((pepper) => createHmac('sha256', pepper).update(key).digest())
}

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    digits = ALPHABET[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
