import { AccessDenied, type Authorization, type Person, type Rule, Unauthorized } from './index.ts'
import { personFrom, signedIn, type Texts, textsIn, textsOf } from './person.ts'
import { queryOf } from './rule.ts'

/** An authorizer event of API Gateway in payload format 2.0, as far as it is read. */
export type AuthorizerEvent = Readonly<{
  headers?: Readonly<Record<string, string | undefined>> | undefined
  cookies?: readonly string[] | undefined
}>

/** The simple response. The function finds its context in `requestContext.authorizer.lambda`. */
export type AuthorizerAnswer = { isAuthorized: boolean; context?: Texts }

/**
 * An authorizer for API Gateway HTTP APIs. API Gateway answers 403 without a session and when the rule does
 * not hold, and 500 when the gateway is not available. With `required: false` every request gets through.
 */
export const authorizer = (auth: Authorization, rule: Rule) => {
  queryOf(rule)
  return async ({ headers = {}, cookies }: AuthorizerEvent): Promise<AuthorizerAnswer> => {
    try {
      const person: Person | undefined = await auth.authorize(
        cookies === undefined ? headers : { ...headers, cookie: cookies.join('; ') },
        rule,
      )
      return { isAuthorized: true, context: person === undefined ? {} : textsOf(person) }
    } catch (error) {
      if (error instanceof Unauthorized || error instanceof AccessDenied) return { isAuthorized: false }
      throw error
    }
  }
}

/** The person of an event that passed the authorizer, or undefined with `required: false` in the rule. */
export const visitorOf = (event: object): Person | undefined => {
  const { authorizer: context } = Object(Object(event).requestContext)
  return personFrom(textsIn(Object(context).lambda))
}

/** The person of an event that passed the authorizer. Throws `Unauthorized` when nobody is signed in. */
export const personOf = (event: object): Person => signedIn(visitorOf(event))
