import { type Person } from './person.ts';
import { type Rule } from './rule.ts';
export { AccessDenied, ConfigError, Unauthorized, Unavailable } from './errors.ts';
export type { Person } from './person.ts';
export type { Rule } from './rule.ts';
/** Headers as `node:http` has them (names in lower case), or anything with `get`, like those of `fetch`. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>> | Readonly<{
    get(name: string): string | null | undefined;
}>;
export type Settings = Readonly<{
    /** Address of the gateway: `https://id.example.com`. */
    gateway: string;
    /** Where browsers reach this service: `https://editor.example.com`. Needed for redirects to the login. */
    origin?: string;
    /** How long an answer is remembered, in seconds: 2 by default, 0 for not at all, 60 at most. */
    remember?: number;
    /** Name of the session cookie: `imidToken` by default. */
    cookie?: string;
    /** Instead of the global `fetch`. */
    fetch?: typeof fetch;
}>;
export type Authorization = Readonly<{
    /** The person of a request for whom the rule holds, or one of the four errors. */
    authorize(headers: RequestHeaders, rule: Rule & {
        required: false;
    }): Promise<Person | undefined>;
    authorize(headers: RequestHeaders, rule: Rule): Promise<Person>;
    /** The address of the login at an organisation, which comes back to `page`. */
    login(org: string, page: string): string;
    /**
     * The same for this request, when it is a navigation that `error` keeps out for want of a login; else
     * undefined.
     */
    loginFor(error: unknown, rule: Rule, request: Readonly<{
        method?: string | undefined;
        url?: string | undefined;
        headers: RequestHeaders;
    }>): string | undefined;
}>;
/** Asks the gateway who somebody is and what they may do. There is no other place that decides it. */
export declare const authorization: (settings: Settings) => Authorization;
