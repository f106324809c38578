/** Finds valid values that belong in another setting. */

const withoutSlash = (text: string | undefined): string | undefined => text?.replace(/\/+$/, '')

/** Problems for each of PUBLIC_URL, IMAS_URL, issuer and audience that has the value of another. */
export const misplaced = (given: Readonly<Record<string, string | undefined>>): string[] => {
  const { PUBLIC_URL: gateway = '', IMAS_URL, TOKEN_AUDIENCE, TOKEN_ISSUER } = given
  const identity = withoutSlash(IMAS_URL) ?? ''
  if (!URL.canParse(gateway) || !URL.canParse(identity)) return []
  const problems: string[] = []
  if (new URL(identity).origin === gateway)
    problems.push('IMAS_URL is at PUBLIC_URL: name the identity service, not the gateway.')
  if (withoutSlash(TOKEN_ISSUER) === gateway)
    problems.push(
      withoutSlash(TOKEN_AUDIENCE) === identity
        ? 'TOKEN_ISSUER and TOKEN_AUDIENCE are swapped: the identity service issues tokens for the gateway.'
        : 'TOKEN_ISSUER is PUBLIC_URL: the identity service issues tokens, not the gateway.',
    )
  return problems
}
