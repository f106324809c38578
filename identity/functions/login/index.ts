import { type Dependencies, endpoint, served } from '../../lambda.ts'
import { pendingSignIns } from '../../pending-sign-ins.ts'
import { login } from './handler.ts'

export const wire = (on: Dependencies) =>
  endpoint('login', login({ ...on, pending: pendingSignIns({ ...on, ...on.settings }) }), on)

export const handler = served(wire, import.meta.dirname)
