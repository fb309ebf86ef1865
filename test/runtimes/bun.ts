import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { Carto } from "../../src/index.ts"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nodeSources } from "./nodeSources.ts"
import { outcome } from "./outcome.ts"
import { text } from "./sources.ts"

declare const Bun: {
  readonly file: (path: string) => Blob & { readonly delete: () => Promise<void> }
  readonly write: (path: string, text: string) => Promise<number>
}

const path = join(tmpdir(), `effect-carto-${crypto.randomUUID()}`)
await Bun.write(path, text)

const layer = Layer.provide(Carto.layerConfig(), FetchHttpClient.layer)

console.log(
  JSON.stringify(await Effect.runPromise(outcome(layer, { ...nodeSources, "Bun.file": () => Bun.file(path) })))
)
await Bun.file(path).delete()
