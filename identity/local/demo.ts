import { freshDirectory } from '../../local/identity/seed.ts'
import type { Person } from './provider.ts'

/**
 * The local stack's organisation `demo`: as a file, and as people and a client at a provider. The stand-in
 * knows the same ones.
 */

const clientId = 'imsg-demo'
/** The client secret at every provider of this machine. */
export const clientSecret = 'known-to-this-machine-alone'

/** What is registered at a provider for the service at this address. */
export const clientFor = (url: string) => {
  const at = `${url}/v1/org/demo`
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [`${at}/login-callback`],
    post_logout_redirect_uris: [`${at}/logout`],
    backchannel_logout_uri: `${at}/backchannel-logout`,
    backchannel_logout_session_required: true,
    scope: 'openid profile email groups',
  }
}

const { organisations, units, mappings, roles, permissions, services, users } = freshDirectory()
const demo = organisations.find(({ name }) => name === 'demo')

const permissionNames = (roleId: string): string[] => {
  const role = roles.find(({ id }) => id === roleId)
  const own = (role?.permissions ?? []).flatMap((wanted) => {
    const permission = permissions.find(({ id }) => id === wanted)
    const service = services.find(({ id }) => id === permission?.serviceId)
    return permission && service ? [`${service.name}:${permission.name}`] : []
  })
  return role?.parentRoleId === undefined ? own : [...own, ...permissionNames(role.parentRoleId)]
}

/** The people of `demo` by the name they sign in with. */
export const people = (): Map<string, Person> =>
  new Map(
    users
      .filter(({ subject }) => subject.organizationId === demo?.id)
      .map(({ name, userinfo, groups }) => [name, { ...userinfo, groups }]),
  )

/** The organisations file of this machine. */
export const organisationsDocument = (issuer: string, scope = 'openid profile email groups') => ({
  organisations: [
    {
      name: 'demo',
      displayName: demo?.displayName,
      whitelistCallbackUrls: ['demo.example.com'],
      units: units
        .filter(({ organizationId }) => organizationId === demo?.id)
        .map(({ name, displayName }) => ({ name, displayName })),
      mappings: mappings
        .filter(({ organizationId }) => organizationId === demo?.id)
        .map(({ group, unitId, roleId }) => {
          const unit = units.find(({ id }) => id === unitId)?.name
          return { group, ...(unit ? { unit } : {}), permissions: permissionNames(roleId) }
        }),
      provider: {
        wellKnownConfigUrl: `${issuer}/.well-known/openid-configuration`,
        clientId,
        scope,
      },
    },
  ],
})
