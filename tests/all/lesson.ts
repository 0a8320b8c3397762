/** The tests of the lesson.
 * @module */

import "../lesson/exercises_test.ts";
import "../lesson/pair_test.ts";
import "../lesson/readme_test.ts";
import "../lesson/wire_test.ts";
