/** Packs files into archives.
 * @module */

import { zipSync } from "fflate";
import { packTar } from "modern-tar";

/** A file that goes into an archive. */
export interface ArchiveFile {
  /** Its path in the archive. */
  name: string;
  /** Its content. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its permissions, as for `chmod`. */
  mode: number;
}

/** Packs the files for Linux and macOS. */
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

/** Packs the files for Windows, which has no such permissions. */
export function packZip(files: ArchiveFile[]): Uint8Array<ArrayBuffer> {
  return zipSync(
    Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])),
  );
}
