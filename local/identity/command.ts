import type { Members } from './input.ts'
import type { StandIn } from './stand-in.ts'

/**
 * One test switch: what it is for, an example to copy, and what it does. What it returns is added to the
 * answer.
 */
export type Command = {
  what: string
  example: Members
  run: (standIn: StandIn, input: Members) => Members | undefined | Promise<Members>
  /** The answer is what `run` returns, without the switch state. */
  bare?: true
}
