/**
 * Adding this to a number of moderate size and taking it away again rounds it to the nearest integer, ties to even.
 * Where it is used, in the innermost loops, a function of its own would halve the speed.
 */
export const rounder = 6755399441055744;
