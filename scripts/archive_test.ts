import { assertEquals } from "@std/assert";
import { unzipSync } from "fflate";
import { unpackTar } from "modern-tar";
import { type ArchiveFile, packTarGz, packZip } from "./archive.ts";

const FILES: ArchiveFile[] = [
  { name: "a/program", bytes: new Uint8Array(100_000).fill(7), mode: 0o755 },
  { name: "a/README.md", bytes: new Uint8Array([35, 10]), mode: 0o644 },
];

Deno.test("a .tar.gz keeps names, bytes and permissions", async () => {
  const archive = new Blob([await packTarGz(FILES)]).stream();
  const entries = await unpackTar(
    archive.pipeThrough(new DecompressionStream("gzip")),
  );
  assertEquals(
    entries.map(({ header: { name, mode }, data }) => ({
      name,
      bytes: data,
      mode,
    })),
    FILES,
  );
});

Deno.test("a .zip keeps names and bytes", () => {
  assertEquals(
    unzipSync(packZip(FILES)),
    Object.fromEntries(FILES.map(({ name, bytes }) => [name, bytes])),
  );
});
