/** Nobody is signed in. `status` and `headers` are read by Express, Fastify and others that answer errors. */
export declare class Unauthorized extends Error {
    readonly status = 401;
    readonly headers: {
        'www-authenticate': string;
        'cache-control': string;
    };
    constructor();
}
/** Somebody is signed in, and the rule does not hold for them. A login would not help. */
export declare class AccessDenied extends Error {
    readonly status = 403;
    readonly headers: {
        'cache-control': string;
    };
    constructor();
}
/** Nobody can know: the gateway is away, slow, or not itself. Never a reason for a login. */
export declare class Unavailable extends Error {
    readonly status = 503;
    readonly headers: {
        'retry-after': string;
        'cache-control': string;
    };
    constructor(cause?: unknown);
}
/** The service is set up wrongly: a rule or a setting that is none. */
export declare class ConfigError extends Error {
    readonly status = 500;
    constructor(message: string);
}
