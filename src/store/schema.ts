/** All tables, by what they are about. drizzle-kit makes the migrations from them. */
export * from './schema/accounts.ts'
export * from './schema/audit.ts'
export * from './schema/catalogue.ts'
export * from './schema/corrections.ts'
export * from './schema/idempotency.ts'
export * from './schema/ledger.ts'
export * from './schema/requests.ts'
export * from './schema/secrets.ts'
