import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { tcp } from "../../io/network.ts";
import {
  osErrorCode,
  osErrorLine,
  osErrorText,
} from "../../python/os_error.ts";
import { linuxTest } from "../support/permissions.ts";
import { closedPort } from "../support/program.ts";
import { startOracle } from "../support/python.ts";

/** What the manuals of socket, connect, bind, listen, accept, read and write list for TCP and a log. */
const CODES = [
  ...["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ECONNABORTED"],
  ...["ECONNREFUSED", "ECONNRESET", "EFBIG", "EHOSTDOWN", "EHOSTUNREACH"],
  ...["EINVAL", "EIO", "EMFILE", "ENETDOWN", "ENETUNREACH", "ENFILE"],
  ...["ENOBUFS", "ENOMEM", "ENONET", "ENOPROTOOPT", "ENOSPC", "ENOTCONN"],
  ...["EPERM", "EPIPE", "EPROTO", "EPROTONOSUPPORT", "ETIMEDOUT"],
];

/** Those that have no `code` in Deno. */
const WITHOUT_CODE = ["EHOSTDOWN", "ENETDOWN", "ENFILE", "ENONET"]
  .concat("ENOPROTOOPT", "EPROTO");

linuxTest(
  "an error has CPython's class and text",
  async () => {
    await using python = startOracle();
    const errors = await python.ask("os_error", CODES);
    errors.forEach(({ number, message, text, line }, index) => {
      const code = CODES[index];
      const error = Object.assign(
        new Error(`${message} (os error ${number})`),
        WITHOUT_CODE.includes(code) ? {} : { code },
      );
      assertEquals(osErrorCode(error), code);
      assertEquals(osErrorText(error), text);
      assertEquals(osErrorLine(error), line);
    });
  },
);

linuxTest(
  "a real error has the text that CPython gives it for the same call",
  async (t) => {
    await using python = startOracle();
    const { signal } = new AbortController();

    async function clientError(port: number, seconds = 30): Promise<string> {
      const [text] = await python.ask("exchange", [[port, seconds]]);
      return String(text);
    }

    await t.step("connect: refused", async () => {
      using closed = await closedPort();
      const error = await assertRejects(() => tcp.connect(closed.port, signal));
      assertEquals(osErrorText(error), await clientError(closed.port));
    });

    await t.step("recv: reset", async () => {
      const [port] = await python.ask("reset", [""]);
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.write(new Uint8Array(1));
      const error = await assertRejects(() => conn.read(new Uint8Array(1)));
      assertEquals(osErrorText(error), await clientError(port));
    });

    await t.step("recv: timed out", async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const error = new DOMException("", "TimeoutError");
      assertEquals(
        osErrorText(error),
        await clientError(listener.addr.port, 0.05),
      );
    });

    await t.step("bind: in use", async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      const error = assertThrows(() => tcp.listen(port));
      assertEquals([osErrorLine(error)], await python.ask("listen", [port]));
    });
  },
);
