/** The command line as one file: everything is in it but the embedded CARTO, which is loaded from beside it. */
import { build } from "esbuild"
import { chmod, readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const bundleCli = async (outfile: string): Promise<void> => {
  const { version }: { readonly version: string } = JSON.parse(await readFile(at("package.json"), "utf8"))
  await build({
    entryPoints: [at("src/cli/main.ts")],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // the embedded CARTO lies beside the file in the package, and brings PGlite only when it is asked for
    plugins: [
      {
        name: "embedded CARTO",
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/emulator\/index\.ts$/ }, () => ({ path: "./emulator/index.js", external: true }))
      }
    ],
    legalComments: "none",
    logLevel: "warning",
    define: { EFFECT_CARTO_VERSION: JSON.stringify(version) },
    // CommonJS modules of Node are required by some of what is bundled
    banner: {
      js: `#!/usr/bin/env node\nimport{createRequire as bundleRequire}from"node:module";const require=bundleRequire(import.meta.url);`
    }
  })
  await chmod(outfile, 0o755)
}
