/** All tests in one module, for plain `deno test`, to which every module costs a third of a second.
 * `deno task test` runs those that it imports at the same time.
 * @module */

import "./all/lesson.ts";
import "./all/memory.ts";
import "./all/parity.ts";
import "./all/program.ts";
