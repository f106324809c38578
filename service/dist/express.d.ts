import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authorization, type Person, type Rule } from './index.ts';
type Next = (error?: unknown) => void;
/**
 * Middleware for Express 4 and 5. A navigation of nobody is redirected to the login; every other refusal goes
 * to the error handler, as an error with `status` 401, 403 or 503.
 */
export declare const protect: (auth: Authorization, rule: Rule) => (request: IncomingMessage, response: ServerResponse, next: Next) => void;
/** The person of a request behind `protect`, or nobody where the rule says `required: false`. */
export declare const visitorOf: (request: object) => Person | undefined;
/** The person of a request behind `protect`. Throws `Unauthorized` where nobody is signed in. */
export declare const personOf: (request: object) => Person;
export {};
