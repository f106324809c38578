import { type Authorization, type Person } from './index.ts';
/**
 * Plugin for Hapi 21: a scheme `imid`, whose strategies are rules. A route in the mode `try` or `optional` is
 * served to nobody too; a rule that does not hold is 403 in every mode.
 */
export declare const plugin: {
    name: string;
    register: (server: object, { auth }: {
        auth: Authorization;
    }) => void;
};
/** The person of a request, or nobody where its route does not ask for one. */
export declare const visitorOf: (request: object) => Person | undefined;
/** The person of a request. Throws `Unauthorized` where nobody is signed in. */
export declare const personOf: (request: object) => Person;
