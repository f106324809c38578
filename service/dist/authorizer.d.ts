import { type Authorization, type Person, type Rule } from './index.ts';
import { type Texts } from './person.ts';
/** The members that are read of an authorizer event of API Gateway, payload format 2.0. */
export type AuthorizerEvent = Readonly<{
    headers?: Readonly<Record<string, string | undefined>> | undefined;
    cookies?: readonly string[] | undefined;
}>;
/** The simple response. Its context arrives at the function as `requestContext.authorizer.lambda`. */
export type AuthorizerAnswer = {
    isAuthorized: boolean;
    context?: Texts;
};
/**
 * An authorizer for API Gateway HTTP APIs. Nobody, and somebody for whom the rule does not hold, are 403
 * there; when nobody can know it throws, which is 500. With `required: false` everybody gets through and the
 * function decides.
 */
export declare const authorizer: (auth: Authorization, rule: Rule) => ({ headers, cookies }: AuthorizerEvent) => Promise<AuthorizerAnswer>;
/** The person of an event that passed the authorizer, or nobody where the rule says `required: false`. */
export declare const visitorOf: (event: object) => Person | undefined;
/** The person of an event that passed the authorizer. Throws `Unauthorized` where nobody is signed in. */
export declare const personOf: (event: object) => Person;
