import { asc, eq, gt } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { ModelLimits } from '../domain/bounds.ts'
import type { Model } from './catalogue.ts'
import { type Page, rowsToRead, type Slice, sliceOf } from './cursor.ts'
import { models } from './schema.ts'

/** Models by name. */
export async function listModels(db: PostgresJsDatabase, page: Page): Promise<Slice<Model>> {
  const rows = await db
    .select()
    .from(models)
    .where(page.after === null ? undefined : gt(models.name, page.after))
    .orderBy(asc(models.name))
    .limit(rowsToRead(page))
  return sliceOf(rows, page, (model) => model.name)
}

export async function findModel(db: PostgresJsDatabase, name: string): Promise<Model | null> {
  const [row] = await db.select().from(models).where(eq(models.name, name))
  return row ?? null
}

/** Makes the model, or gives an existing one these limits. */
export async function putModel(
  db: PostgresJsDatabase,
  model: ModelLimits & { name: string },
): Promise<Model> {
  const { name, ...limits } = model
  const [row] = await db
    .insert(models)
    .values({ name, ...limits })
    .onConflictDoUpdate({ target: models.name, set: limits })
    .returning()
  if (!row) throw new Error('an upsert returned no row')
  return row
}

/** @returns the model that is gone; null when there was none */
export async function deleteModel(db: PostgresJsDatabase, name: string): Promise<Model | null> {
  const [row] = await db.delete(models).where(eq(models.name, name)).returning()
  return row ?? null
}
