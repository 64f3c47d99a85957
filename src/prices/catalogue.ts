import { createRequire } from 'node:module'
import type { Provider } from '@pydantic/genai-prices'

/** The catalogue that prices are imported from. */
export type PriceCatalogue = {
  /** The package and its version, as prices have it for their `source`. */
  source: string
  providers: readonly Provider[]
}

const PACKAGE = '@pydantic/genai-prices'

/**
 * Reads the catalogue of the installed package: nothing is fetched. It is loaded when it is first
 * asked for, since it takes megabytes that most processes never need.
 */
export async function loadPriceCatalogue(): Promise<PriceCatalogue> {
  const { waitForUpdate } = await import('@pydantic/genai-prices')
  return { source: `genai-prices ${installedVersion()}`, providers: (await waitForUpdate()) ?? [] }
}

/** The package does not export its package.json: it is found beside what it does export. */
function installedVersion(): string {
  const require = createRequire(import.meta.url)
  const [folder] = require.resolve(PACKAGE).split('/dist/')
  return require(`${folder}/package.json`).version
}
