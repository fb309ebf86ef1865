/** Plain JavaScript, so that a Node which is too old can say so instead of tripping over TypeScript. */
import process from "node:process"

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(
    `This is Node ${process.versions.node}; 24 or later is needed. It comes with \`npm install\` as the package "node", ` +
      `whose install script must be allowed to run (see "allowScripts" in package.json), and npm's scripts then use it.`
  )
  process.exit(1)
}
