import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type PriceBook, type RecordedRequest, reprice } from '../domain/prices/repricing.ts'
import { ENDPOINTS } from '../endpoints/index.ts'
import { loadCatalogue } from '../store/catalogue.ts'
import type { CostedRequest } from '../store/prices/correction-steps.ts'
import type { CorrectedSpan } from '../store/prices/price-corrections.ts'
import { readRecorded } from '../store/prices/recorded-requests.ts'
import { readCreditsPerUsd } from '../store/settings.ts'

/** Requests with what they cost at the right price. */
export type RepricedPage = {
  requests: CostedRequest[]
  /** The last request that was passed by; null at the end. */
  last: string | null
  /** Requests that nobody can price. */
  leftAlone: number
  /** Requests whose markup is their tier's of now. */
  assumedMarkups: number
}

/** The requests of a span, page by page, at the prices of now. */
export class Repricer {
  readonly #db: PostgresJsDatabase
  readonly #span: CorrectedSpan
  readonly #asOf: string
  readonly #book: PriceBook

  private constructor(
    db: PostgresJsDatabase,
    span: CorrectedSpan,
    { asOf, book }: { asOf: string; book: PriceBook },
  ) {
    this.#db = db
    this.#span = span
    this.#asOf = asOf
    this.#book = book
  }

  /** @param asOf as Postgres writes it: what was settled later is left out */
  static async open(db: PostgresJsDatabase, span: CorrectedSpan, asOf: string): Promise<Repricer> {
    const { provider, model } = span
    const catalogue = await loadCatalogue(db)
    const priceAt = (at: Date) => catalogue.priceAt(provider, model, at)
    const creditsPerUsd = await readCreditsPerUsd(db)
    return new Repricer(db, span, { asOf, book: { priceAt, creditsPerUsd } })
  }

  /** The page after a request: of so many, of whatever model, those of this one. */
  async page(after: string, rows: number): Promise<RepricedPage> {
    const { requests, last } = await readRecorded(this.#db, this.#span, {
      asOf: this.#asOf,
      after,
      rows,
    })
    const page: RepricedPage = { requests: [], last, leftAlone: 0, assumedMarkups: 0 }
    for (const request of requests) this.#add(page, request)
    return page
  }

  #add(page: RepricedPage, request: RecordedRequest): void {
    if (isFree(request)) return
    const cost = reprice(request, this.#book)
    if (cost === 'unknown') {
      page.leftAlone += 1
      return
    }
    const { id, accountId, isCrashed, hasMarkup } = request
    page.requests.push({ id, accountId, isCrashed, cost: cost === 'right' ? null : cost })
    if (cost !== 'right' && !hasMarkup) page.assumedMarkups += 1
  }
}

const FREE_PATHS = ENDPOINTS.filter(({ isFree }) => isFree).map(({ path }) => path)

/** The endpoint is recorded with the prefix it is served under. */
function isFree({ endpoint }: RecordedRequest): boolean {
  return FREE_PATHS.some((path) => endpoint.endsWith(path))
}
