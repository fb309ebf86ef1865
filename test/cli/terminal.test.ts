/** The command line on a terminal: the shell, questions, prompts, Ctrl-C, and what signals leave behind. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import process from "node:process"
import { assertWithout, Cli } from "./Cli.ts"
import { missing, open } from "./Pty.ts"

const prompt = /demo(?::\w+)?=> /

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto on a terminal", (it) => {
  it.effect.skipIf(missing !== undefined)("the shell edits, describes, changes the key and marks errors", () =>
    Effect.gen(function* () {
      const { environment, file, home, masterKey, succeed } = yield* Cli
      yield* succeed(["keys", "create", "reader", "--table", "tornadoes:select"])
      const { exitCode, output, type, until } = yield* open([process.execPath, file, "sql"], environment)
      yield* until(prompt)
      yield* type("select count(*)::int as n\r")
      yield* until(/demo-> /)
      yield* type("from tornadoes;\r")
      assert.match(yield* until(/\(1 row\)/), /400/)
      yield* until(prompt)
      yield* type("selec 1;\r")
      assert.include(yield* until(/\^/), "LINE 1: selec 1")
      yield* until(prompt)
      // a tab in the middle of pasted text would be text
      yield* type("\\d torn")
      yield* until(/\\d torn/)
      yield* type("\t")
      yield* until(/adoes/)
      yield* type("\r")
      assert.include(yield* until(/tornadoes_pkey/), "geometry(Point,4326)")
      yield* until(prompt)
      yield* type("\\x\r")
      yield* until(prompt)
      yield* type("select 1 as a, null as b;\r")
      assert.match(yield* until(/\(1 row\)/), /b +.*NULL/)
      yield* until(prompt)
      yield* type("\\key reader\r")
      yield* until(/demo:reader=> /)
      yield* type("delete from tornadoes;\r")
      yield* until(/permission denied for table tornadoes/)
      yield* until(prompt)
      yield* type("select pg_sleep(60);\r")
      yield* until(/pg_sleep\(60\);/)
      yield* type("\u0003")
      yield* until(/Canceled\./)
      yield* until(prompt)
      yield* type("\\q\r")
      assert.strictEqual(yield* exitCode, 0)
      const history = readFileSync(join(home, ".local/state/effect-carto/history"), "utf8")
      assert.include(history, "from tornadoes;")
      assertWithout(masterKey, output(), history)
    })
  )

  it.effect.skipIf(missing !== undefined)("questions are asked, and no is an answer", () =>
    Effect.gen(function* () {
      const { environment, file, succeed } = yield* Cli
      yield* succeed(["keys", "create", "kept", "--table", "tornadoes:select"])
      const { exitCode, type, until } = yield* open([process.execPath, file, "keys", "delete", "kept"], environment)
      yield* until(/Delete "kept"\?/)
      yield* type("n")
      yield* until(/nothing was changed/)
      assert.strictEqual(yield* exitCode, 1)
      assert.include(yield* succeed(["keys", "list", "-o", "csv"]), "kept")
    })
  )

  it.effect.skipIf(missing !== undefined)(
    "login asks for the key without showing it, and keeps it in a file of mode 0600",
    () =>
      Effect.gen(function* () {
        const { environment, file, home, masterKey, succeed } = yield* Cli
        const files = yield* FileSystem.FileSystem
        const { CARTO_API_KEY: _key, CARTO_BASE_URL: baseUrl = "", ...bare } = environment
        const { exitCode, output, type, until } = yield* open(
          [process.execPath, file, "login", "--base-url", baseUrl, "--profile", "typed"],
          bare
        )
        yield* until(/API key of/)
        yield* type(masterKey)
        yield* type("\r")
        yield* until(/Saved the profile "typed"/)
        assert.strictEqual(yield* exitCode, 0)
        assertWithout(masterKey, output())
        const saved = join(home, ".config/effect-carto/keys/typed")
        assert.strictEqual((yield* files.stat(saved)).mode & 0o777, 0o600)
        const none = { env: { CARTO_API_KEY: "", CARTO_BASE_URL: "" } }
        assert.include(yield* succeed(["whoami"], none), "Master")
        yield* succeed(["profiles", "remove", "typed", "--yes"], none)
        assert.isFalse(yield* files.exists(saved))
      })
  )

  it.effect.skipIf(missing !== undefined)("Ctrl-C revokes the key of a lease and exits with 130", () =>
    Effect.gen(function* () {
      const { environment, file, succeed } = yield* Cli
      const { exitCode, type, until } = yield* open(
        [
          process.execPath,
          file,
          "keys",
          "lease",
          "--table",
          "tornadoes:select",
          "--",
          "sh",
          "-c",
          "echo ready; sleep 60"
        ],
        environment
      )
      yield* until(/ready/)
      yield* type("\u0003")
      assert.strictEqual(yield* exitCode, 130)
      assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "lease~command")
    })
  )

  const leased = (script: string) =>
    Effect.gen(function* () {
      const { environment, file } = yield* Cli
      return yield* Effect.acquireRelease(
        Effect.promise(
          () =>
            new Promise<ReturnType<typeof spawn>>((resolve) => {
              const child = spawn(
                process.execPath,
                [file, "keys", "lease", "--table", "tornadoes:select", "--", "sh", "-c", script],
                { env: environment, stdio: ["ignore", "pipe", "pipe"] }
              )
              child.stdout?.once("data", () => resolve(child))
            })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
    })

  it.effect("a program that is killed, and a command that is terminated, leave no key", () =>
    Effect.gen(function* () {
      const { succeed } = yield* Cli
      for (const end of ["child", "parent"] as const) {
        const parent = yield* leased("echo $$; exec sleep 60")
        const ended = new Promise((resolve) => parent.once("close", resolve))
        if (end === "parent") parent.kill("SIGTERM")
        else {
          const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim().split(" ")
          for (const pid of children) process.kill(Number(pid), "SIGKILL")
        }
        yield* Effect.promise(() => ended)
        assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "lease~command", end)
      }
    })
  )

  it.effect("a lease that the network cannot revoke is named on stderr, and swept after its time", () =>
    Effect.gen(function* () {
      const { environment, file, succeed } = yield* Cli
      const { CARTO_BASE_URL: baseUrl = "" } = environment
      const { pathname, port } = new URL(baseUrl)
      const sockets = new Set<Socket>()
      const proxy = createServer((socket) => {
        const upstream = connect(Number(port), "127.0.0.1")
        for (const one of [socket, upstream]) {
          sockets.add(one)
          one.on("error", () => one.destroy())
        }
        socket.pipe(upstream).pipe(socket)
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => proxy.close())
      )
      const address = proxy.address()
      const local = typeof address === "object" && address !== null ? address.port : 0
      const env = { ...environment, CARTO_BASE_URL: `http://127.0.0.1:${local}${pathname}` }
      const args = ["keys", "lease", "--table", "tornadoes:select", "--timeout", "3s", "--"]
      const child = spawn(process.execPath, [file, ...args, "sh", "-c", "echo ready; read line"], {
        env,
        stdio: ["pipe", "pipe", "pipe"]
      })
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
      })
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
      yield* Effect.promise(() => new Promise((resolve) => child.stdout.once("data", resolve)))
      proxy.close()
      for (const socket of sockets) socket.destroy()
      child.stdin.end("go\n")
      yield* Effect.promise(() => ended)
      const [, name = ""] = /the lease (lease~command~\S+) is left/.exec(stderr) ?? []
      assert.isNotEmpty(name, stderr)
      assert.include(yield* succeed(["keys", "list", "-o", "csv"]), name)
      // a minute is left for clocks that differ, which a test does not wait for
      yield* succeed(["keys", "delete", name, "--yes"])
    })
  )

  it.effect("no token is in the arguments of any process", () =>
    Effect.gen(function* () {
      const { masterKey } = yield* Cli
      const parent = yield* leased('echo "$CARTO_API_KEY"; exec sleep 60')
      const lines = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
          try {
            return [readFileSync(`/proc/${pid}/cmdline`, "utf8")]
          } catch {
            return []
          }
        })
      assert.isTrue(lines.some((line) => line.includes("effect-carto.js")))
      assertWithout(masterKey, ...lines)
      const ended = new Promise((resolve) => parent.once("close", resolve))
      parent.kill("SIGTERM")
      yield* Effect.promise(() => ended)
    })
  )
})
