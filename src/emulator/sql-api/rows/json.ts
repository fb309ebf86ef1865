/** The values of a JSON response. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Converts PostgreSQL's text of a value to a JSON value. */
export type Decoder = (text: string) => Json
