/** The review of keys on Node and on workerd, with the same results. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCarto from "../../src/runtime/node.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import * as Workerd from "../runtimes/workerd.ts"
import { scenario, tables } from "./access.scenario.ts"

const carto = LocalCarto.layer({ accounts: [{ username: "demo" }], postgis: false }).pipe(
  Layer.tap((context) =>
    Effect.provide(
      LocalCarto.use(({ execute }) => execute("demo", tables)),
      context
    )
  )
)

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "the review of keys",
  (it) => {
    it.effect("the review of keys gives the same result on Node and on workerd", () =>
      Effect.gen(function* () {
        const variables = (yield* LocalCarto).environment("demo")
        const onNode = yield* scenario.pipe(
          Effect.provide(NodeCarto.layerConfig()),
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(variables)))
        )
        assert.deepInclude(onNode, {
          grants: {
            apis: ["sql"],
            tables: [
              { schema: "public", name: "recent", permissions: ["select"] },
              { schema: "public", name: "storms", permissions: ["insert"] }
            ]
          },
          can: [true, false]
        })
        const bundle = yield* Workerd.bundle("test/keys/access.worker.ts")
        assert.notMatch(bundle.text, /\bimport\b.*["']node:|\beval\(|new Function\(/)
        const url = yield* Workerd.serve({ bundle, variables })
        const inWorker: unknown = yield* Effect.promise(() => fetch(url).then((response) => response.json()))
        assert.deepStrictEqual(inWorker, JSON.parse(JSON.stringify(onNode)))
      })
    )
  }
)
