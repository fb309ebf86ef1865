/** The matrix as an SVG image. The color of a field says how much a key may do with a table. */
import type { TablePermission } from "../../../account/Grants.ts"
import { printable } from "../../../errors/internal/printable.ts"
import type { Cell, AccessMatrix } from "../privileges/matrix.ts"

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Text for XML. What it cannot hold is printable then, except two noncharacters. */
const escape = (text: string): string =>
  printable(text)
    .replaceAll(/[\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"']/g, (char) => escapes[char] ?? "")

const shorten = (text: string, length: number): string => {
  const chars = [...printable(text)]
  return chars.length <= length ? chars.join("") : `${chars.slice(0, length - 1).join("")}…`
}

interface Shade {
  readonly label: string
  readonly fill: string
  readonly text: string
}

const shades = {
  none: { label: "nothing", fill: "#f4f5f7", text: "#9aa3af" },
  everyone: { label: "reads, as every key", fill: "#dbe9f6", text: "#1e3a5f" },
  read: { label: "reads", fill: "#7fb2dd", text: "#0b2540" },
  write: { label: "changes rows", fill: "#f0a04b", text: "#3d2200" },
  everyoneWrites: { label: "changes rows, as every key", fill: "#e2574c", text: "#ffffff" },
  owner: { label: "owns: alters and drops", fill: "#7b2d8b", text: "#ffffff" },
  account: { label: "the account's own, for its master key", fill: "#ece3ef", text: "#5b3a66" }
} as const satisfies Readonly<Record<string, Shade>>

const shadeOf = ({ everyone, owner, permissions }: Cell, isMaster: boolean): Shade => {
  if (owner) return isMaster ? shades.account : shades.owner
  if (permissions.length === 0) return shades.none
  const writes = permissions.some((permission) => permission !== "select")
  if (everyone) return writes ? shades.everyoneWrites : shades.everyone
  return writes ? shades.write : shades.read
}

const signs: ReadonlyArray<readonly [TablePermission, string]> = [
  ["select", "r"],
  ["insert", "i"],
  ["update", "u"],
  ["delete", "d"]
]

const column = 46
const row = 24
const charWidth = 6.6
const longest = 34

const say = ({ everyone, owner, permissions }: Cell): string =>
  permissions.length === 0
    ? "nothing"
    : permissions.join(", ") + (owner ? ", as owner" : everyone ? ", as every key may" : "")

const text = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${Math.round(x)}" y="${Math.round(y)}"${attributes}>${escape(content)}</text>`

/**
 * Draws a matrix as an SVG image with a row for each table and a column for each key. The tooltip of a field has the permissions
 * in words. The image has no script and no reference to other files, and names are escaped.
 */
export const toSvg = ({ cells, keys, tables, username }: AccessMatrix): string => {
  const names = tables.map(({ kind, name, schema }) => ({
    full: `${schema}.${name} (${kind})`,
    short: shorten(`${schema}.${name}`, longest)
  }))
  const widest = (labels: ReadonlyArray<string>) =>
    labels.reduce((most, label) => Math.max(most, [...label].length), 0) * charWidth
  const left = 24 + Math.max(150, widest(names.map(({ short }) => short))) + 12
  const labels = keys.map(({ name }) => shorten(name, 28))
  const slant = Math.max(40, widest(labels)) * Math.SQRT1_2
  const top = 64 + slant + 16
  const legend = Object.values<Shade>(shades)
  const legendTop = top + (tables.length + 1) * row + 28
  const width = Math.max(left + keys.length * column + slant + 24, 560)
  const height = legendTop + Math.ceil(legend.length / 2) * 22 + 40

  const heads = keys.map(({ name, source, type }, index) => {
    const x = left + index * column + column / 2
    const style = type === "regular" ? "" : ' font-weight="600"'
    const note = source === "database" ? "" : "; reported by the Auth API, because the key may not use the SQL API"
    const label = text(0, 0, labels[index] ?? "", style)
    return `<g transform="translate(${Math.round(x)} ${Math.round(top - 8)}) rotate(-45)"><title>${escape(
      `${name} (${type} key${note})`
    )}</title>${label}</g>`
  })
  const field = (x: number, y: number, shade: Shade, sign: string, title: string) =>
    `<g><title>${escape(title)}</title><rect x="${x + 1}" y="${y + 1}" width="${column - 2}" height="${
      row - 2
    }" rx="3" fill="${shade.fill}"/>${text(x + column / 2, y + 16, sign, ` text-anchor="middle" fill="${shade.text}"`)}</g>`
  const rows = names.map(({ full, short }, index) => {
    const y = Math.round(top + index * row)
    const fields = (cells[index] ?? []).map((cell, at) => {
      const sign = signs.map(([permission, letter]) => (cell.permissions.includes(permission) ? letter : "")).join("")
      const title = `${keys[at]?.name ?? ""} on ${full}: ${say(cell)}`
      return field(
        Math.round(left + at * column),
        y,
        shadeOf(cell, keys[at]?.type === "master"),
        sign === "" ? "·" : sign,
        title
      )
    })
    const label = `<g><title>${escape(full)}</title>${text(left - 12, y + 16, short, ' text-anchor="end"')}</g>`
    return label + fields.join("")
  })
  const createsTop = Math.round(top + tables.length * row + 8)
  const creates = keys.map(({ creates, name, type }, at) => {
    const shade = creates.length === 0 ? shades.none : type === "master" ? shades.account : shades.owner
    const title = creates.length === 0 ? `${name} creates no tables` : `${name} creates tables in ${creates.join(", ")}`
    return field(Math.round(left + at * column), createsTop, shade, creates.length === 0 ? "·" : "+", title)
  })
  const key = legend.map(({ fill, label }, index) => {
    const x = 24 + (index % 2) * 260
    const y = Math.round(legendTop + Math.floor(index / 2) * 22)
    return `<rect x="${x}" y="${y}" width="16" height="16" rx="3" fill="${fill}"/>${text(x + 24, y + 12, label)}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(width)}" height="${Math.round(
    height
  )}" viewBox="0 0 ${Math.round(width)} ${Math.round(
    height
  )}" font-family="ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif" font-size="12" fill="#1f2933" role="img">
<title>${escape(`What the API keys of ${username} may do`)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(24, 34, `API keys of ${username} and what each may do`, ' font-size="17" font-weight="600"')}
${text(24, 54, "r select   i insert   u update   d delete   + creates tables", ' fill="#52606d" xml:space="preserve"')}
${heads.join("\n")}
${rows.join("\n")}
${text(left - 12, createsTop + 16, "creates tables", ' text-anchor="end" font-style="italic"')}${creates.join("")}
${key.join("\n")}
</svg>
`
}
