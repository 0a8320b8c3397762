import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  double,
  MAX_MESSAGE_BYTES,
  NOT_AN_INTEGER,
  TOO_LONG,
} from "../calc.ts";

Deno.test("a message is doubled exactly, however long the integer is", () => {
  const limit = 10n ** 40n;
  fc.assert(fc.property(
    fc.oneof(
      fc.bigInt({ min: -limit, max: limit }),
      // Around the limit of what a number holds exactly.
      fc.bigInt({ min: 10n ** 14n, max: 10n ** 17n }),
    ),
    (integer) => double(String(integer)) === String(2n * integer),
  ));
  assertEquals(double("999999999999999"), "1999999999999998");
  assertEquals(double("-0"), "0");
  assertEquals(double("0000"), "0");
});

Deno.test("the reply to the longest message is one byte longer", () => {
  const message = "9".repeat(MAX_MESSAGE_BYTES);
  assertEquals(double(message), `1${"9".repeat(MAX_MESSAGE_BYTES - 1)}8`);
});

Deno.test("digits of every script are doubled into plain decimal", () => {
  assertEquals(double("-٢"), "-4");
  assertEquals(double("𝟗".repeat(256)), `1${"9".repeat(255)}8`);
});

Deno.test("a message that is not an integer is answered in words", () => {
  for (const message of ["", "abc", "1.5", "9".repeat(1023) + "."]) {
    assertEquals(double(message), NOT_AN_INTEGER);
  }
  assertEquals(NOT_AN_INTEGER, "Received data is not valid integer");
  assertEquals(TOO_LONG, "Received data is longer than 1024 bytes");
});
