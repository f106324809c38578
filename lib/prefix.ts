/** What every path of the gateway begins with. */
export const prefix = '/imsg-service/v1'
