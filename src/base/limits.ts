/** Limits of the format and the protocol, each with its reason. Units go last in the names. */

/** NAME_MAX: what ext4 and the VFS allow in one path component. */
export const nameMaxBytes = 255;
/** PATH_MAX without its terminating NUL: the longest symlink target. */
export const symlinkMaxBytes = 4095;
/** The largest file: sizes are doubles in JavaScript, exact to here. Beyond it EFBIG. */
export const fileMaxBytes = Number.MAX_SAFE_INTEGER;
/** XATTR_SIZE_MAX of the kernel. */
export const xattrMaxBytes = 65536;
/** XATTR_NAME_MAX of the kernel. */
export const xattrNameMaxBytes = 255;
/** As ext4: so that `nlink` of a directory with many children and hard links stay in the range programs know. */
export const linkMax = 65000;
/** Inode numbers have 42 bits, so that a node id (1 bit virtual, 21 bits slot, 42 bits inode) fills the kernel's 64. */
export const inoMax = 2 ** 42 - 1;
/** Slots have 21 bits. */
export const slotMax = 2 ** 21 - 1;
/** Bytes a blob holds at most when it is made from a stream of writes: measured best between row overhead and rewrite cost. */
export const blobBytes = 128 * 1024;
/**
 * Small pieces of one file that a batch brings share a blob of at most this many bytes. Random 4-KiB blobs keep 1.33 bytes for each
 * byte in pages of 16 KiB, packed ones 1.06; what reads one piece of a pack reads the pack.
 */
export const packBytes = 32 * 1024;
