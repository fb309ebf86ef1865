/** The values of a JSON response. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Turns PostgreSQL's text of a value into a JSON value. */
export type Decoder = (text: string) => Json
