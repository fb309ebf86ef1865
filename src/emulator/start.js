/** Starts the emulator's command. On a Node that cannot run TypeScript it says so. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major > 22 || (major === 22 && minor >= 18)) await import("./main.ts")
else {
  process.stderr.write(
    `The emulator's source needs Node 22.18 or later, and this is Node ${process.versions.node}. Start it with npm run emulator after npm install, which brings Node 24.\n`
  )
  process.exitCode = 1
}
