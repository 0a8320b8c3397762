/** The comparisons with Python.
 * @module */

import "../parity/differences_test.ts";
import "../parity/errors_test.ts";
import "../parity/integer_test.ts";
import "../parity/interop_test.ts";
import "../parity/repr_test.ts";
import "../parity/transcripts_python_test.ts";
import "../parity/transcripts_test.ts";
