/**
 * All tests in one module, for plain `deno test`, to which every module costs a third of a second.
 *
 * @module
 */

import "./bench/results_test.ts";
import "./calc_test.ts";
import "./client_test.ts";
import "./command_line_test.ts";
import "./io/idle_timeout_test.ts";
import "./io/lines_test.ts";
import "./io/log_test.ts";
import "./io/network_test.ts";
import "./io/printer_test.ts";
import "./io/standard_output_test.ts";
import "./io/stream_test.ts";
import "./io/trace_test.ts";
import "./lesson/exercises_test.ts";
import "./lesson/pair_test.ts";
import "./lesson/readme_test.ts";
import "./main_test.ts";
import "./parity/differences_test.ts";
import "./parity/errors_test.ts";
import "./parity/integer_test.ts";
import "./parity/interop_test.ts";
import "./parity/repr_test.ts";
import "./parity/transcripts_python_test.ts";
import "./parity/transcripts_test.ts";
import "./program/abuse_test.ts";
import "./program/client_test.ts";
import "./program/output_test.ts";
import "./program/sandbox_test.ts";
import "./program/serve_test.ts";
import "./program/signals_test.ts";
import "./program/terminal_test.ts";
import "./python/integer_test.ts";
import "./python/os_error_test.ts";
import "./python/repr_test.ts";
import "./server_test.ts";
import "./servers_test.ts";
import "./support/all_test.ts";
import "./support/network_test.ts";
