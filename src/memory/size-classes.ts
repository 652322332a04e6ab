/**
 * Size classes of the arena: every 8 bytes up to 128, then eight steps per doubling, so that at most an eighth of a block is
 * slack. Above `SLAB_BYTES_MAX` a block is a run of whole pages.
 */
export const PAGE_BYTES = 4096;
export const SLAB_BYTES_MAX = 16384;
const FINE_BYTES_MAX = 128;
const FINE_CLASSES = FINE_BYTES_MAX >> 3;
/** 16 fine classes and 7 doublings (128 to 16384) of 8 steps. */
export const CLASS_COUNT = FINE_CLASSES + 7 * 8;

/** The bytes that a block for `bytes` really occupies; also its capacity. */
export function blockBytes(bytes: number): number {
  if (bytes <= FINE_BYTES_MAX) return bytes <= 8 ? 8 : (bytes + 7) & ~7;
  const shift = 28 - Math.clz32(bytes - 1);
  const step = bytes > SLAB_BYTES_MAX && shift < 12 ? PAGE_BYTES : 1 << shift;
  return (bytes + step - 1) & -step;
}

/** The class of a block of at most `SLAB_BYTES_MAX` bytes. */
export function classOf(bytes: number): number {
  if (bytes <= FINE_BYTES_MAX) return bytes <= 8 ? 0 : ((bytes + 7) >> 3) - 1;
  const shift = 28 - Math.clz32(bytes - 1);
  return FINE_CLASSES + ((shift - 4) << 3) + ((bytes + (1 << shift) - 1) >> shift) - 9;
}

/** The block size of each class. */
export const CLASS_BYTES: Int32Array = (() => {
  const sizes = new Int32Array(CLASS_COUNT);
  for (let bytes = 8; bytes <= SLAB_BYTES_MAX; bytes += 8) sizes[classOf(bytes)] = bytes;
  return sizes;
})();
