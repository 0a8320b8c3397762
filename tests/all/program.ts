/** The tests of the program from outside.
 * @module */

import "../program/abuse_test.ts";
import "../program/client_test.ts";
import "../program/output_test.ts";
import "../program/sandbox_test.ts";
import "../program/serve_test.ts";
import "../program/signals_test.ts";
import "../program/terminal_test.ts";
