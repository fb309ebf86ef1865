/** The server of the Model Context Protocol on stdio, under a lease. */
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { ApiKey } from "../../account/ApiKey.ts"
import { version } from "../version.ts"
import { handlers, toolkit } from "./tools.ts"

/** Serves until stdin ends; then it interrupts itself. Stdout is the protocol's alone, so nothing is logged. */
export const serve = (key: ApiKey, tables: ReadonlyArray<string>) => {
  const server = McpServer.layerStdio({
    name: "effect-carto",
    version,
    protocols: [McpProtocol.v2025_11_25, McpProtocol.v2025_06_18, McpProtocol.v2025_03_26],
    registrations: McpServer.toolkit(toolkit).pipe(Layer.provide(handlers(key, tables)))
  })
  return Layer.launch(Layer.provide(server, Logger.layer([])))
}
