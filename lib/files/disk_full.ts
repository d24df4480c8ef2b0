/** The disk, or the user's quota on it, has no room for a file. Nothing of the file was left behind. */
export class DiskFullError extends Error {
  override name = "DiskFullError";

  /**
   * @param path the file or folder that was being written
   * @param bytesNeeded how large it would have become, where that was known
   * @param bytesWritten how many of those bytes had been written when the disk was full
   */
  constructor(
    readonly path: string,
    readonly bytesNeeded: number | undefined,
    readonly bytesWritten: number,
    options?: ErrorOptions,
  ) {
    const size = bytesNeeded === undefined
      ? `it was full after ${bytesWritten} bytes`
      : `${bytesNeeded} bytes are needed, it was full after ${bytesWritten}`;
    super(`The disk is full: could not write ${path} (${size}). Free some space and write it again.`, options);
  }
}

/** Whether an operation failed because the disk (ENOSPC) or the user's quota (EDQUOT) is full. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof DiskFullError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** Does something with a file or folder, and names it when the disk is full. */
export async function namingDiskFull<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFull(error) || error instanceof DiskFullError) throw error;
    throw new DiskFullError(path, undefined, 0, { cause: error });
  }
}
