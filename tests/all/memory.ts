/** The tests that start no program.
 * @module */

import "../bench/page_test.ts";
import "../calc_test.ts";
import "../client_test.ts";
import "../command_line_test.ts";
import "../io/idle_timeout_test.ts";
import "../io/lines_test.ts";
import "../io/log_test.ts";
import "../io/network_test.ts";
import "../io/printer_test.ts";
import "../io/standard_output_test.ts";
import "../io/stream_test.ts";
import "../io/timer_test.ts";
import "../io/trace_test.ts";
import "../main_test.ts";
import "../python/integer_test.ts";
import "../python/os_error_test.ts";
import "../python/repr_test.ts";
import "../server_test.ts";
import "../scripts/servers_test.ts";
import "../support/all_test.ts";
import "../support/network_test.ts";
