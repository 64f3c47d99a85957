import { fileURLToPath } from 'node:url'
import type { Owned } from '../../../bench/processes.ts'
import type { Title } from '../checks/list.ts'

/** A server that others wrote: how to have it here, and what it can not do. */
export type UpstreamServer = {
  name: string
  /** Installs it where it is not yet; its version. Rejects with the reason why it can not be. */
  install(options: { build: boolean }): Promise<string>
  start(): Promise<Upstream>
  /** The checks that it fails by itself. One named here that it passes is wrong. */
  lacks: Partial<Record<Title, Lack>>
}

/** Why it can not, with any profile, or without the one that the doctor finds. */
export type Lack = string | { withoutProfile: string }

/** One that runs. */
export type Upstream = {
  process: Owned
  /** On 127.0.0.1. */
  port: number
  apiKey: string | null
  model: string
  embeddingModel: string
  /** Output tokens it has generated since it runs, once it is idle; where it tells. */
  generated?(): Promise<number>
}

/** What is installed and built is kept here, out of the repository. */
export const KEPT = fileURLToPath(new URL('../.data/', import.meta.url))
/** Scripts and requirements. */
export const PYTHON = fileURLToPath(new URL('../python/', import.meta.url))

/** Time a server has to be ready, in ms. */
export const START_MS = 90_000
