/** `deno task servers` on ports that the system chooses.
 * @module */

import { tcp } from "../../io/network.ts";
import { stopSignal } from "../../main.ts";
import { runServers } from "../../scripts/servers.ts";

const { stdin, stdout, stderr, noColor } = Deno;
const { random } = Math;
const signal = stopSignal();
const environment = {
  stdin,
  stdout,
  stderr,
  noColor,
  network: tcp,
  random,
  signal,
};
Deno.exit(await runServers([-9000, -9000, -9000], environment));
