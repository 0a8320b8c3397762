/** `deno task servers` on ports that the system chooses.
 * @module */

import { tcp } from "../../io/network.ts";
import { stopSignal } from "../../main.ts";
import { runServers } from "../../scripts/servers.ts";

const { stdin, stdout, stderr, noColor } = Deno;
const { random } = Math;
const signal = stopSignal();
const streams = { stdin, stdout, stderr, noColor };
const environment = { ...streams, network: tcp, random, signal };
Deno.exit(await runServers([-9000, -9000, -9000], environment));
