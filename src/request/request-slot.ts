import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Decorates requests with a property that is set once by a hook and never null afterwards:
 * reading it before that is a mistake in the order of the hooks, and throws.
 * @returns the setter, for the plugin that owns the property
 */
export function requestSlot<Name extends keyof FastifyRequest & string>(
  app: FastifyInstance,
  name: Name,
): (request: FastifyRequest, value: FastifyRequest[Name]) => void {
  const slot = slotOf(name)
  app.decorateRequest(slot, null)
  app.decorateRequest(name as string, {
    getter(this: FastifyRequest) {
      const value = Reflect.get(this, slot)
      if (value === null) throw new Error(`request.${name} was read before it was set`)
      return value
    },
  })
  return (request, value) => {
    Reflect.set(request, slot, value)
  }
}

/** The property of a request that may have ended before it was set; null then. */
export function ifSet<Name extends keyof FastifyRequest & string>(
  request: FastifyRequest,
  name: Name,
): FastifyRequest[Name] | null {
  return Reflect.get(request, slotOf(name)) ?? null
}

function slotOf(name: string): symbol {
  return Symbol.for(`tollkeeper.${name}`)
}
