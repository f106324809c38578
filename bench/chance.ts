/** The same stream of chance for every run, so that a figure can be repeated (a linear congruential generator). */
export const chance = () => {
  let state = 42
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
