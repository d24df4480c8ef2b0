/** How exporters tell what they do. */

/**
 * Called while an export is written: how much is done and in all, in units of the exporter's own (tensors, bytes, layers), and
 * what it is at, such as the name of a tensor.
 */
export type ExportProgress = (done: number, total: number, what: string) => void;
