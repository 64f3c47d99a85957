import { type Static, Type } from '@sinclair/typebox'
import { EnvironmentSchema } from '../../environment.ts'
import { answer } from '../answers.ts'
import { strictObject } from './fields.ts'
import type { AdminPlugin } from './type-provider.ts'

const Level = {
  level: Type.Unsafe<string>({
    type: 'string',
    enum: EnvironmentSchema.properties.LOG_LEVEL.anyOf.map((one) => one.const),
    description: 'The lowest level that is logged.',
  }),
}
const LogLevel = answer('LogLevel', 'What this instance logs.', Level)

const READ = { summary: 'Read the log level of this instance', answers: { 200: LogLevel } }
const CHANGE = {
  summary: 'Change the log level of this instance, until it stops',
  body: strictObject(Level),
  answers: { 200: LogLevel },
}

/** `/admin/log-level`: what this one process logs; LOG_LEVEL counts again after a restart. */
export const logLevelRoutes: AdminPlugin = async (app) => {
  const logLevel = (): Static<typeof LogLevel> => ({ level: app.log.level })

  app.get('/log-level', { schema: READ }, logLevel)

  app.put('/log-level', { schema: CHANGE }, ({ body }) => {
    app.log.level = body.level
    return logLevel()
  })
}
