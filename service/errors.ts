/** Nobody is signed in. `status` and `headers` are read by Express, Fastify and others that answer errors. */
export class Unauthorized extends Error {
  readonly status = 401
  readonly headers = { 'www-authenticate': 'Bearer realm="imsg-service"', 'cache-control': 'no-store' }

  constructor() {
    super('Not signed in')
    this.name = 'Unauthorized'
  }
}

/** Somebody is signed in, and the rule does not hold for them. A login would not help. */
export class AccessDenied extends Error {
  readonly status = 403
  readonly headers = { 'cache-control': 'no-store' }

  constructor() {
    super('Access denied')
    this.name = 'AccessDenied'
  }
}

/** Nobody can know: the gateway is away, slow, or not itself. Never a reason for a login. */
export class Unavailable extends Error {
  readonly status = 503
  readonly headers = { 'retry-after': '5', 'cache-control': 'no-store' }

  constructor(cause?: unknown) {
    super('The gateway cannot be asked', { cause })
    this.name = 'Unavailable'
  }
}

/** The service is set up wrongly: a rule or a setting that is none. */
export class ConfigError extends Error {
  readonly status = 500

  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}
