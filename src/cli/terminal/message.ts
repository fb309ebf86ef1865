/** What a command says beside its data: on stderr, and not with `--quiet`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Quiet } from "../settings.ts"

export const message = (text: string) => Effect.flatMap(Quiet, (quiet) => (quiet ? Effect.void : Console.error(text)))
