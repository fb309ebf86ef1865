/** `deno doc --lint` over all public modules: every exported symbol has documentation and refers to public types only. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { bin, root } from "../runtimes/commands.ts"
import { modules } from "./publicModules.ts"

const args = ["doc", "--lint", ...modules.map(({ source }) => `src/${source}.ts`)]
const { stderr, status, error } = spawnSync(bin("deno"), args, {
  cwd: root,
  encoding: "utf8",
  env: { ...process.env, NO_COLOR: "1" },
  maxBuffer: 64 * 1024 * 1024
})
if (error !== undefined) throw error

interface Finding {
  readonly text: string
  /** The source file that it is about, below `src/`. */
  readonly file: string
  /** The types that a `private-type-ref` is about: `CartoError` of `CartoError.prototype.reason`, and the one it refers to. */
  readonly reference: { readonly from: string; readonly to: string } | undefined
}

/** Each finding begins with a line of its kind, and names its file in the next. */
const findings: ReadonlyArray<Finding> = [...stderr.matchAll(/^error\[([^]*?)--> .*?\/src\/([^\n:]+)[^\n]*\n/gm)].map(
  ([text, message = "", file = ""]) => {
    const [, from, to] = /public type '(\w+).*?' references private type '(\w+)'/.exec(message) ?? []
    return { text: text.trimEnd(), file, reference: from && to ? { from, to } : undefined }
  }
)

/** `isolatedDeclarations` asks for the written type of what a class extends, so `Sql` extends a constant `SqlBase`, which is not documented apart. */
const isBase = (source: string, { from, to }: { readonly from: string; readonly to: string }): boolean =>
  to === `${from}Base` && new RegExp(`^export class ${from}\\b[^{]* extends ${to}\\b`, "m").test(source)

const effectImports = /^import (?:type )?(\* as \w+|\{[^}]*\}) from "effect(?:\/[^"]+)?"/gm
const ownImports = /^import (?:type )?\{([^}]*)\} from "\.[^"]+"/gm

/** `deno doc` takes every type of an npm package for private, so the types that a file imports from `effect` are left out. */
const isOfEffect = (source: string, { to }: { readonly to: string }): boolean => {
  const declared = new RegExp(`^(?:export )?(?:type|interface|class) ${to}\\b`, "m").test(source)
  const imported = [...source.matchAll(ownImports)].some(([, names = ""]) => new RegExp(`\\b${to}\\b`).test(names))
  if (declared || imported) return false
  return [...source.matchAll(effectImports)].some(([, clause = ""]) => {
    const namespace = /^\* as (\w+)$/.exec(clause)?.[1]
    return namespace === undefined
      ? new RegExp(`\\b${to}\\b`).test(clause)
      : new RegExp(`\\b${namespace}\\.${to}\\b`).test(source)
  })
}

const isLeftOut = ({ file, reference }: Finding): boolean => {
  if (reference === undefined) return false
  const source = readFileSync(join(root, "src", file), "utf8")
  return isBase(source, reference) || isOfEffect(source, reference)
}

const remaining = findings.filter((finding) => !isLeftOut(finding))
for (const { text } of remaining) console.error(text)
console.log(`${remaining.length} findings`)

/** A failure of Deno itself, or a report in another form, must not pass for a report without findings. */
const reported = status === 0 ? 0 : Number(/Found (\d+) documentation lint errors?/.exec(stderr)?.[1])
const isRead = reported === findings.length
if (!isRead) console.error(`Only ${findings.length} findings could be read in the report of deno doc:\n${stderr}`)
process.exitCode = remaining.length === 0 && isRead ? 0 : 1
