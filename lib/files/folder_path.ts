import { dirname, resolve } from "node:path";

/**
 * Checks that a folder can be at a path: that neither it nor anything around it is a file.
 *
 * @returns the folders that are not there yet, the innermost first
 * @throws naming the file that is in the way
 */
export async function checkFolderPath(path: string): Promise<string[]> {
  const absent: string[] = [];
  for (let place = resolve(path);; place = dirname(place)) {
    try {
      if ((await Deno.stat(place)).isDirectory) return absent;
    } catch (error) {
      // A file around it is met on the way up.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
      absent.push(place);
      continue;
    }
    const where = place === resolve(path) ? path : `${path}: ${place}`;
    throw new Error(`${where} is a file: expected a folder, or a path where one can be made`);
  }
}
