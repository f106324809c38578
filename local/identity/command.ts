import type { Members } from './input.ts'
import type { StandIn } from './stand-in.ts'

/**
 * A test switch: its description, an example to copy, and its action, whose result is added to the response.
 */
export type Command = {
  what: string
  example: Members
  run: (standIn: StandIn, input: Members) => Members | undefined | Promise<Members>
  /** The response is the result of `run` alone, without the state of the switches. */
  bare?: true
}
