import { AccessDenied, type Authorization, type Person, type Rule, Unauthorized } from './index.ts'
import { personFrom, signedIn, type Texts, textsOf } from './person.ts'
import { queryOf } from './rule.ts'

/** The members that are read of an authorizer event of API Gateway, payload format 2.0. */
export type AuthorizerEvent = Readonly<{
  headers?: Readonly<Record<string, string | undefined>> | undefined
  cookies?: readonly string[] | undefined
}>

/** The simple response. Its context arrives at the function as `requestContext.authorizer.lambda`. */
export type AuthorizerAnswer = { isAuthorized: boolean; context?: Texts }

/**
 * An authorizer for API Gateway HTTP APIs. Nobody, and somebody for whom the rule does not hold, are 403
 * there; when nobody can know it throws, which is 500. With `required: false` everybody gets through and the
 * function decides.
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

/** The person of an event that passed the authorizer, or nobody where the rule says `required: false`. */
export const visitorOf = (event: object): Person | undefined => {
  const { requestContext } = event as { requestContext?: { authorizer?: { lambda?: Texts | null } } }
  return personFrom(requestContext?.authorizer?.lambda ?? {})
}

/** The person of an event that passed the authorizer. Throws `Unauthorized` where nobody is signed in. */
export const personOf = (event: object): Person => signedIn(visitorOf(event))
