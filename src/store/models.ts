import { and, asc, eq, gt, inArray, not, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { ModelLimits } from '../domain/bounds.ts'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { models, providers, routes } from './schema.ts'

/** One way to serve a model: lower priorities first, equal ones by weight. */
export type Route = {
  provider: string
  /** Whose provider it is: the environment's has whatever name it has there. */
  source: 'env' | 'database'
  upstreamModel: string
  priority: number
  weight: number
}

/** A route as it is asked for: whose provider it names is found out when it is written. */
export type NewRoute = Omit<Route, 'source'>

type NewModel = Omit<Model, 'createdAt' | 'routes'> & { routes: NewRoute[] }

export type Model = ModelLimits & { name: string; createdAt: Date; routes: Route[] }

const ROUTES = sql<Route[]>`coalesce((
  select json_agg(json_build_object('provider', r.provider, 'source', r.source,
      'upstreamModel', r.upstream_model, 'priority', r.priority, 'weight', r.weight)
      order by r.priority, r.provider, r.upstream_model)
    from ${routes} r where r.model = ${models.name}), '[]')`

const SHOWN = {
  name: models.name,
  contextWindow: models.contextWindow,
  maxOutputTokens: models.maxOutputTokens,
  holdOutputTokens: models.holdOutputTokens,
  createdAt: models.createdAt,
  routes: ROUTES,
}

/** Tries of one change: one fails only where another succeeded. */
const PUT_TRIES_MAX = 100

/** All models with their routes. */
export function allModels(db: PostgresJsDatabase): Promise<Model[]> {
  return db.select(SHOWN).from(models)
}

/** Models by name. */
export async function listModels(db: PostgresJsDatabase, page: Page): Promise<Slice<Model>> {
  const rows = await db
    .select(SHOWN)
    .from(models)
    .where(page.after === null ? undefined : gt(models.name, page.after))
    .orderBy(asc(models.name))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (model) => model.name)
}

export async function findModel(db: PostgresJsDatabase, name: string): Promise<Model | null> {
  const [row] = await db.select(SHOWN).from(models).where(eq(models.name, name))
  return row ?? null
}

/**
 * Makes the model, or makes an existing one equal to it: limits and routes together, whoever else
 * changes it at the same time.
 * @param environment the name of the environment's provider, where the database has no such one
 */
export async function putModel(
  db: PostgresJsDatabase,
  model: NewModel,
  environment: string,
): Promise<void> {
  for (let tries = 0; tries < PUT_TRIES_MAX; tries += 1) {
    if (await replaceModel(db, model, environment)) return
  }
  throw new Error(`the model ${model.name} is changed all the time`)
}

/**
 * One statement sees the routes as they were when it began. So it does nothing when the model's
 * row has been written since, rather than leave the routes of two changes side by side.
 * @returns whether it was done
 */
async function replaceModel(
  db: PostgresJsDatabase,
  { name, routes: wanted, ...limits }: NewModel,
  environment: string,
): Promise<boolean> {
  const seen = sql`(select seen.xmin from ${models} seen where seen.name = ${name})`
  const made = db.$with('made').as(
    db
      .insert(models)
      .values({ name, ...limits })
      .onConflictDoUpdate({
        target: models.name,
        set: limits,
        setWhere: sql`${models}.xmin = ${seen}`,
      })
      .returning({ name: models.name }),
  )
  const keys = wanted.map((route) => sql`(${route.provider}, ${route.upstreamModel})`)
  const kept = sql`(${routes.provider}, ${routes.upstreamModel}) in (${sql.join(keys, sql`, `)})`
  const dropped = db.$with('dropped').as(
    db
      .delete(routes)
      .where(
        and(
          inArray(routes.model, sql`(select made.name from made)`),
          wanted.length > 0 ? not(kept) : undefined,
        ),
      )
      .returning({ model: routes.model }),
  )
  const rows = JSON.stringify(wanted)
  const set = db.$with('set').as(
    db
      .insert(routes)
      .select(
        sql`select made.name, r.provider, ${sourceOf(environment)},
          r."upstreamModel", r.priority, r.weight
        from made, json_to_recordset(${rows}::text::json)
          as r(provider text, "upstreamModel" text, priority smallint, weight int)
        on conflict (model, provider, upstream_model) do update
          set source = excluded.source, priority = excluded.priority, weight = excluded.weight`,
      )
      .returning({ model: routes.model }),
  )
  const done = await db.with(made, dropped, set).select().from(made)
  return done.length > 0
}

/** Whose provider a route `r` means: the database's, where both have one of its name. */
function sourceOf(environment: string) {
  const isStored = sql`exists (select from ${providers} p where p.name = r.provider)`
  const isEnv = sql`r.provider = ${environment} and not ${isStored}`
  return sql`case when ${isEnv} then 'env' else 'database' end`
}

/** @returns the model that is gone; null when there was none */
export async function deleteModel(db: PostgresJsDatabase, name: string): Promise<Model | null> {
  const model = await findModel(db, name)
  await db.delete(models).where(inArray(models.name, [name]))
  return model
}
