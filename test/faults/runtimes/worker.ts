import * as Effect from "effect/Effect"
import { scenario } from "./scenario.ts"

export default {
  fetch: async (
    _request: Request,
    { ACCOUNTS, URL }: { readonly ACCOUNTS: string; readonly URL: string }
  ): Promise<Response> => Response.json(await Effect.runPromise(scenario(URL, ACCOUNTS)))
}
