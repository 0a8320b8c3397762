/** Tries things that tcpcalc has no need of, and prints how each attempt ends. Run it with the program's own
 * permissions.
 * @module */

const ATTEMPTS: Record<string, () => unknown> = {
  "listen on 127.0.0.1": () =>
    Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "listen on 0.0.0.0": () =>
    Deno.listen({ hostname: "0.0.0.0", port: 0 }).close(),
  "listen on 127.0.0.2": () =>
    Deno.listen({ hostname: "127.0.0.2", port: 0 }).close(),
  "listen on ::1": () => Deno.listen({ hostname: "::1", port: 0 }).close(),
  "connect to 127.0.0.2": () =>
    Deno.connect({ hostname: "127.0.0.2", port: 9001 }),
  "resolve a name": () => Deno.resolveDns("localhost", "A"),
  "read a file": () => Deno.readTextFile("/etc/hostname"),
  "write a file": () => Deno.writeTextFile("/tmp/tcpcalc-trespass", ""),
  "read the environment": () => Deno.env.get("HOME"),
  "run a program": () => new Deno.Command("true").output(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "ask for the host's name": () => Deno.hostname(),
};

for (const [name, attempt] of Object.entries(ATTEMPTS)) {
  let end = "done";
  try {
    await attempt();
  } catch (error) {
    end = error instanceof Error ? error.name : String(error);
  }
  console.log(`${name}: ${end}`);
}
