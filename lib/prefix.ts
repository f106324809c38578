/** The prefix of every path of the gateway. */
export const prefix = '/imsg-service/v1'
