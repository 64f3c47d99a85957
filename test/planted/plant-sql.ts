import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'
import { applyPatch } from './apply-patch.ts'

const ROOT = join(import.meta.dirname, '../..')
const BREAKPOINT = '--> statement-breakpoint'

/**
 * Plants a bug in a database: replaces the functions that a patch of the migrations changes.
 * @param name of the patch in this folder
 */
export async function plantSql(sql: postgres.Sql, name: string): Promise<void> {
  const patch = await readFile(join(import.meta.dirname, `${name}.patch`), 'utf8')
  const patched = applyPatch(patch, (path) => readFileSync(join(ROOT, path), 'utf8'))
  for (const { before, after } of patched) {
    const old = before.split(BREAKPOINT)
    for (const [at, statement] of after.split(BREAKPOINT).entries()) {
      if (statement === old[at]) continue
      await sql.unsafe(statement.replace('create function', 'create or replace function'))
    }
  }
}
