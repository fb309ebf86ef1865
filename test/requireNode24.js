/**
 * `node --import ./test/requireNode24.js FILE.ts` ends with a plain message on an older Node, which cannot read TypeScript.
 * That is why this file is JavaScript.
 */
import process from "node:process"

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(
    `Node 24 or later is required; this is Node ${process.versions.node}. \`npm install\` installs it as the package ` +
      `"node" if that package's install script may run (see "allowScripts" in package.json), and \`npm run\` then uses it.`
  )
  process.exit(1)
}
