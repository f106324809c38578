import type { Command } from './command.ts'
import { dataCommands } from './control-data.ts'
import { keyCommands } from './control-keys.ts'
import { trafficCommands } from './control-traffic.ts'
import { type BufferedRequest, json, type Reply } from './exchange.ts'
import { BadInput, bad, jsonBody, type Members, own, text } from './input.ts'
import { reset, type StandIn } from './stand-in.ts'

/** Every test switch by name. The front page lists them too. */
export const commands: Readonly<Record<string, Command>> = {
  ...trafficCommands,
  ...keyCommands,
  ...dataCommands,
  reset: {
    what: 'Resets all data, switches and keys to those at the start.',
    example: {},
    run: (standIn) => {
      reset(standIn)
      return undefined
    },
  },
}

/** The state of all switches. */
const state = ({ switches, ring }: StandIn): Members => ({
  ...switches,
  keys: {
    signing: ring.signing.kid,
    published: ring.published.map(({ kid }) => kid),
  },
})

const perform = async (standIn: StandIn, input: Members): Promise<Members> => {
  const { do: name, ...rest } = input
  const command = own(commands, text(name, 'do'))
  if (command === undefined) return bad(`"do" has to be one of ${Object.keys(commands).join(', ')}`)
  const result = await command.run(standIn, rest)
  return command.bare ? { ...result } : { ...state(standIn), ...result }
}

/** `POST /_control`: runs a command and responds with the state of all switches, or with the error. */
export const control = async (standIn: StandIn, asked: BufferedRequest): Promise<Reply> => {
  if (asked.method !== 'POST') return json({ error: 'commands are sent with POST' }, 405)
  try {
    return json(await perform(standIn, jsonBody(asked.body)))
  } catch (error) {
    if (error instanceof BadInput) return json({ error: error.message }, 400)
    throw error
  }
}
