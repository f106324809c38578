import type { Command } from './command.ts'
import { flag, member, oneOf, only, optional, whole } from './input.ts'
import { malformationNames } from './malformed.ts'
import { noFailures, type Switches } from './stand-in.ts'

const switching =
  (change: Partial<Switches>): Command['run'] =>
  (standIn, input) => {
    only(input)
    standIn.switches = { ...standIn.switches, ...change }
    return undefined
  }

/** The switches for failures between services. */
export const trafficCommands = {
  down: {
    what: 'Cuts the connection of every request except /_control.',
    example: {},
    run: switching({ down: true }),
  },
  up: {
    what: 'Ends down, slow, fail and malformed-jwks.',
    example: {},
    run: switching(noFailures()),
  },
  slow: {
    what: 'Delays every response by this many milliseconds.',
    example: { ms: 3000 },
    run: (standIn, input) => {
      standIn.switches.slow = member(only(input, 'ms'), 'ms', whole)
      return undefined
    },
  },
  fail: {
    what: 'Responds to every request with 500.',
    example: {},
    run: switching({ fail: true }),
  },
  'malformed-jwks': {
    what: `Breaks the key set: ${malformationNames.join(', ')}.`,
    example: { as: 'symmetric' },
    run: (standIn, input) => {
      standIn.switches.malformed = member(only(input, 'as'), 'as', oneOf(malformationNames))
      return undefined
    },
  },
  count: {
    what: 'Counts the requests of each path. "reset": true sets the counts to 0 after this response.',
    example: { reset: true },
    bare: true,
    run: (standIn, input) => {
      const isLast = member(only(input, 'reset'), 'reset', optional(flag))
      const requests = Object.fromEntries(standIn.requests)
      if (isLast) standIn.requests = new Map()
      return { requests }
    },
  },
} as const satisfies Record<string, Command>
