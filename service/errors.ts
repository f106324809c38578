/** Nobody is signed in. Express, Fastify and others use `status` and `headers` for their response. */
export class Unauthorized extends Error {
  readonly status = 401
  readonly headers = { 'www-authenticate': 'Bearer realm="imsg-service"', 'cache-control': 'no-store' }

  constructor() {
    super('Not signed in')
    this.name = 'Unauthorized'
  }
}

/** The person is signed in, but the rule does not hold for them. A login would not help. */
export class AccessDenied extends Error {
  readonly status = 403
  readonly headers = { 'cache-control': 'no-store' }

  constructor() {
    super('Access denied')
    this.name = 'AccessDenied'
  }
}

/** The gateway cannot be reached, is too slow, or answers wrongly. Do not start a login. */
export class Unavailable extends Error {
  readonly status = 503
  readonly headers = { 'retry-after': '5', 'cache-control': 'no-store' }

  constructor(cause?: unknown) {
    super('The gateway is not available', { cause })
    this.name = 'Unavailable'
  }
}

/** A rule or a setting of the service is wrong. */
export class ConfigError extends Error {
  readonly status = 500

  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}
