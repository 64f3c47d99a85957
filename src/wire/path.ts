/** The first words of the paths that the client API has below /v1. */
const AREAS = new Set([
  'audio',
  'chat',
  'completions',
  'credits',
  'embeddings',
  'generation',
  'images',
  'messages',
  'models',
  'moderations',
  'responses',
])

/**
 * A URL as it is routed: clients append the path of an endpoint to whatever base they were given,
 * so that the client API comes without /v1, with it twice, and with two slashes (W-1, W-2).
 * @param url path and query, as it was sent
 */
export function normalUrl(url: string): string {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  const normal = normalPath(path)
  return normal === path ? url : normal + url.slice(path.length)
}

function normalPath(path: string): string {
  if (!path.startsWith('/')) return path
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
  if (single.startsWith('/v1/v1/')) return normalPath(single.slice('/v1'.length))
  if (single.startsWith('/v1/')) return withoutSlash(single)
  const area = single.split('/', 2)[1] as string
  return AREAS.has(area) ? withoutSlash(`/v1${single}`) : path
}

/** Names of models may end in anything but a slash. */
function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Whether a path belongs to Anthropic's API, also one that does not exist. */
export function isMessagesPath(url: string): boolean {
  return /^\/v1\/messages(?=[/?]|$)/.test(url)
}

/** Whether a path climbs, or has a name that no model has: nothing that we serve is there (W-2). */
export function isOddPath(url: string): boolean {
  const path = url.split('?', 1)[0] as string
  if (/(\/|%2f)(\.|%2e){1,2}(\/|%2f|$)/i.test(path)) return true
  return path.startsWith('/v1/') && /%00|\0/.test(path)
}
