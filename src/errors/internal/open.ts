/** A value of the wire that a newer server may extend. */
export type Open<Known extends string> = Known | (string & {})
