import { denoFileSystem, type FileSystem, type WritableFile } from "../../lib/files/mod.ts";

/**
 * The real disk, which keeps a list of what was done to it, in order: `write PATH`, `truncate PATH`, `sync PATH`,
 * `rename FROM to PATH`, `remove PATH`. What a name has of a process or of chance is replaced by `*`.
 */
export function recordingFileSystem(): FileSystem & { log: string[] } {
  const log: string[] = [];
  const said = (line: string) => void log.push(line.replaceAll(/\.[0-9a-f]{8}-\d+-[0-9a-f]{8}\.partial/g, ".*"));
  const recording = (path: string, file: WritableFile): WritableFile => ({
    write: (bytes) => (said(`write ${path}`), file.write(bytes)),
    sync: () => (said(`sync ${path}`), file.sync()),
    truncate: (length) => (said(`truncate ${path}`), file.truncate(length)),
    close: () => file.close(),
  });
  return {
    ...denoFileSystem,
    log,
    create: async (path) => recording(path, await denoFileSystem.create(path)),
    append: async (path) => recording(path, await denoFileSystem.append(path)),
    rename: (from, to) => (said(`rename ${from} to ${to}`), denoFileSystem.rename(from, to)),
    remove: (path) => (said(`remove ${path}`), denoFileSystem.remove(path)),
    sync: (path) => (said(`sync ${path}`), denoFileSystem.sync(path)),
  };
}
