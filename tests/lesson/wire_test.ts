import { assertEquals } from "@std/assert";
import page from "../../lesson/wire.md" with { type: "text" };
import { packetsIn } from "../../lesson/wire.ts";
import { blocksOf } from "../support/console.ts";
import { lessonPath } from "../support/lesson.ts";
import { linuxTest } from "../support/permissions.ts";
import { runCommand } from "../support/program.ts";

/** A network of its own, in which the user may capture packets. */
const ALONE = ["unshare", "--map-user=1", "--keep-caps", "--net"];

/** Whether packets can be captured here. Only trying shows it. */
function canCapture(): boolean {
  const descriptor = { name: "run", command: "unshare" } as const;
  if (Deno.permissions.querySync(descriptor).state !== "granted") return false;
  const [unshare, ...options] = ALONE;
  const script = "ip link set lo up && ss -tan && tcpdump -i lo -L";
  const args = [...options, "sh", "-c", script];
  try {
    return new Deno.Command(unshare, { args }).outputSync().success;
  } catch {
    return false;
  }
}

/** A test that captures packets. */
const captureTest: typeof linuxTest = canCapture()
  ? linuxTest
  : (name, fn) =>
    Deno.test.ignore(`${name} (needs tcpdump, ip, ss and unshare)`, fn);

const blocks = blocksOf(page)
  .filter(({ language }) => language === "text")
  .map(({ text }) => text.trimEnd());

/**
 * Leaves out what differs from run to run: ports, the numbers that a connection starts with, the order of
 * sockets, and packets that only acknowledge, which may be part of others.
 */
function withoutChance(block: string): string[] {
  const lines = block
    .replace(/(127\.0\.0\.1[.:])(?!9001)\d+/g, "$1<port>")
    .replace(/\b\d{5,}\b/g, "<number>")
    .replace(/ +/g, " ")
    .split("\n")
    .filter((line, index) => index < 3 || !line.includes("Flags [.]"));
  return block.startsWith("State") ? lines.sort() : lines;
}

captureTest("the page on packets shows the capture that it names", async () => {
  const capture = await Deno.readFile(lessonPath("wire.pcap"));
  const [whole, , halfClosed] = await packetsIn(capture);
  assertEquals([whole, halfClosed], blocks.slice(0, 2));
});

captureTest("the page on packets shows what its script captures", async () => {
  const script = `${import.meta.dirname}/../../lesson/wire.ts`;
  const command = [...ALONE, Deno.execPath(), "run", "--allow-all", script];
  const { stdout, stderr } = await runCommand([...command, "--print"]);
  assertEquals(stderr, "");
  const captured: string[] = JSON.parse(stdout);
  assertEquals(captured.map(withoutChance), blocks.map(withoutChance));
});
