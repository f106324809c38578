/** The authorizer, with the rule in the service's own code. */
import { authorization } from '@imsg/service'
import { authorizer } from '@imsg/service/authorizer'

const auth = authorization({ gateway: process.env.GATEWAY ?? 'https://id.example.com' })

export const handler = authorizer(auth, { org: 'demo', permission: 'content:read' })
