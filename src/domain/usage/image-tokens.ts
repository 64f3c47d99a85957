import { IMAGE_TOKENS_MAX } from '../bounds.ts'

/** In pixels. */
export type ImageSize = { width: number; height: number }

/** What an image costs a model that looks at it in tiles, as most of OpenAI's do (W-101). */
const BASE_TOKENS = 85
const TILE_TOKENS = 170
const TILE_PIXELS = 512
const LONG_SIDE_MAX = 2_048
const SHORT_SIDE_MAX = 768

/** The most tiles there are, for an image of unknown size. */
const TILES_MAX = 8

/** The smallest patches that models cut images into, and the most that one is billed as. */
const PATCH_PIXELS = 28
const PATCH_TOKENS = 2.5

/**
 * Tokens that an image is worth where nobody reports them.
 * @param size null where it is not known
 * @param detail as the client asked for it: `low`, or anything else
 */
export function estimateImage(size: ImageSize | null, detail: unknown): number {
  if (detail === 'low') return BASE_TOKENS
  return BASE_TOKENS + TILE_TOKENS * (size === null ? TILES_MAX : tilesOf(size))
}

/** The most tokens that an image of a size can cost, whoever looks at it. */
export function imageBound(size: ImageSize | null): number {
  if (size === null) return IMAGE_TOKENS_MAX
  const patches = Math.ceil(size.width / PATCH_PIXELS) * Math.ceil(size.height / PATCH_PIXELS)
  const most = Math.max(estimateImage(size, 'high'), Math.ceil(patches * PATCH_TOKENS))
  return Math.min(most, IMAGE_TOKENS_MAX)
}

/** An image is made to fit, never larger. */
function tilesOf({ width, height }: ImageSize): number {
  const fit = Math.min(1, LONG_SIDE_MAX / Math.max(width, height))
  const shrink = Math.min(fit, SHORT_SIDE_MAX / Math.min(width, height))
  const along = (pixels: number) => Math.ceil(Math.round(pixels * shrink) / TILE_PIXELS) || 1
  return along(width) * along(height)
}
