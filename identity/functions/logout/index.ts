import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { logout } from './handler.ts'

export const wire = (on: Dependencies) => endpoint('logout', logout(on), on)

export const handler = served(wire, import.meta.dirname)
