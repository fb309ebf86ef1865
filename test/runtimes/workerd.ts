/** Workers in workerd, the runtime of Cloudflare Workers, bundled as wrangler bundles them. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as esbuild from "esbuild"
import { join } from "node:path"
import { bin, root } from "./commands.ts"

/** The text of a Worker's one module, and the files that went into it. */
export interface Bundle {
  readonly text: string
  readonly inputs: ReadonlyArray<string>
}

/** Fails, as wrangler does without a compatibility flag, if a module of Node's is imported. */
export const bundle = (
  entry: string | { readonly contents: string; readonly resolveDir: string },
  options: { readonly conditions?: ReadonlyArray<string>; readonly minify?: boolean } = {}
): Effect.Effect<Bundle> =>
  Effect.promise(async () => {
    const { metafile, outputFiles } = await esbuild.build({
      ...(typeof entry === "string" ? { entryPoints: [entry] } : { stdin: { loader: "ts", ...entry } }),
      absWorkingDir: root,
      bundle: true,
      format: "esm",
      platform: "neutral",
      external: ["cloudflare:*"],
      mainFields: ["module", "main"],
      conditions: [...(options.conditions ?? ["@effect-carto/source"]), "workerd", "worker", "browser", "import"],
      target: "es2024",
      minify: options.minify ?? false,
      write: false,
      metafile: true,
      logLevel: "silent"
    })
    return { text: outputFiles.map(({ text }) => text).join(""), inputs: Object.keys(metafile.inputs) }
  })

export interface WorkerOptions {
  readonly bundle: Bundle
  /** Text bindings. */
  readonly variables: Readonly<Record<string, string>>
  /** Service bindings, to the HTTP servers at these addresses (`127.0.0.1:8080`). */
  readonly services?: Readonly<Record<string, string>>
  /** Whether the Worker can reach the network but for its service bindings. Default `true`. */
  readonly network?: boolean
  /** Durable Objects: the class of each binding. All isolates share them. */
  readonly objects?: Readonly<Record<string, string>>
  /** How many isolates serve the Worker, each at an address of its own. Default 1. */
  readonly isolates?: number
}

const quote = (text: string): string => JSON.stringify(text)

const config = ({ isolates = 1, network = true, objects = {}, services = {}, variables }: WorkerOptions): string => {
  const bindings = [
    ...Object.entries(variables).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`),
    ...Object.keys(services).map((name) => `(name = ${quote(name)}, service = ${quote(name)})`),
    ...Object.entries(objects).map(
      ([name, of]) =>
        `(name = ${quote(name)}, durableObjectNamespace = (className = ${quote(of)}, serviceName = "main"))`
    )
  ]
  const names = ["main", ...Array.from({ length: isolates - 1 }, (_, index) => `isolate${index}`)]
  const workers = names.map((name) => `(name = "${name}", worker = .${name})`)
  const sockets = names.map((name) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}")`)
  const classes = Object.values(objects).map((of) => `(className = ${quote(of)}, uniqueKey = ${quote(of)})`)
  const storage = `durableObjectNamespaces = [${classes.join(", ")}], durableObjectStorage = (inMemory = void),`
  const externals = Object.entries(services).map(
    ([name, address]) => `(name = ${quote(name)}, external = (address = ${quote(address)}, http = ()))`
  )
  const internet = `(name = "internet", network = (allow = [${network ? '"private", "local"' : ""}]))`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${[...workers, internet, ...externals].join(", ")}],
  sockets = [${sockets.join(", ")}]
);
${names
  .map(
    (name) => `const ${name} :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  bindings = [${bindings.join(", ")}],
  globalOutbound = "internet",${name === "main" && classes.length > 0 ? storage : ""}
  compatibilityDate = "2026-10-01"
);`
  )
  .join("\n")}
`
}

const Listening = Schema.fromJsonString(
  Schema.Struct({ event: Schema.Literal("listen"), socket: Schema.String, port: Schema.Int })
)

/** Serves a Worker on free loopback ports, one for each isolate, and returns their URLs, until the scope closes. */
export const serveAll: (
  options: WorkerOptions
) => Effect.Effect<
  ReadonlyArray<string>,
  PlatformError | Schema.SchemaError,
  FileSystem.FileSystem | ChildProcessSpawner | Scope.Scope
> = Effect.fnUntraced(function* (options) {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "workerd-" })
  yield* files.writeFileString(join(folder, "worker.js"), options.bundle.text)
  yield* files.writeFileString(join(folder, "config.capnp"), config(options))
  const handle = yield* ChildProcess.make(bin("workerd"), ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
    env: {},
    stdin: "ignore",
    additionalFds: { fd3: { type: "output" } },
    forceKillAfter: "5 seconds"
  })
  // read to the end, or workerd would stall once the pipe is full
  const log = yield* Effect.forkScoped(Stream.mkString(Stream.decodeText(handle.all)))
  const count = options.isolates ?? 1
  const lines = yield* Stream.runCollect(
    Stream.take(Stream.splitLines(Stream.decodeText(handle.getOutputFd(3))), count)
  )
  if (lines.length < count) return yield* Effect.die(new Error(`workerd ended: ${yield* Fiber.join(log)}`))
  const ports = yield* Effect.forEach(lines, (line) => Schema.decodeUnknownEffect(Listening)(line))
  return ports.map(({ port }) => `http://127.0.0.1:${port}`)
})

/** Serves a Worker on a free loopback port, and returns its URL, until the scope closes. */
export const serve = (options: WorkerOptions) => Effect.map(serveAll(options), ([url = ""]) => url)
