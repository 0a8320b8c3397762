/**
 * Packs files into archives.
 *
 * @module
 */

import { zipSync } from "fflate";
import { packTar } from "modern-tar";

/** A file that goes into an archive. */
export interface ArchiveFile {
  /** Its path in the archive. */
  name: string;
  /** What is in it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its permissions, as `chmod` has them. */
  mode: number;
}

/** Packs the files as Linux and macOS unpack them. */
export async function packTarGz(
  files: ArchiveFile[],
): Promise<Uint8Array<ArrayBuffer>> {
  const tar = await packTar(files.map(({ name, bytes, mode }) => ({
    header: { name, size: bytes.length, mode },
    body: bytes,
  })));
  const gzip = new CompressionStream("gzip");
  return await new Response(new Blob([tar]).stream().pipeThrough(gzip)).bytes();
}

/** Packs the files as Windows unpacks them, which knows no such permissions. */
export function packZip(files: ArchiveFile[]): Uint8Array<ArrayBuffer> {
  return zipSync(
    Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])),
  );
}
