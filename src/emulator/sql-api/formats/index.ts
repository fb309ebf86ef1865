/** The formats of `/sql` by name. */
import type { Format } from "./Format.ts"
import { json } from "./json.ts"

export const formats: ReadonlyMap<string, Format> = new Map<string, Format>([["json", json]])
