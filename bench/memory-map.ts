/** mmap(2), which Node has no function for. */
import koffi from "koffi";

const libc = koffi.load(null);
const mmapCall = libc.func("void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)");
const munmapCall = libc.func("int munmap(void *address, size_t length)");
const memcpyCall = libc.func("void *memcpy(_Out_ uint8_t *to, uintptr_t from, size_t length)");

const protRead = 1;
const mapShared = 1;

/** Copies a whole file out of a mapping of it into `buffer`, piece by piece: every byte is read, every page faults in anew. */
export function readMapped(fd: number, fileBytes: number, buffer: Buffer): void {
  const address = mmapCall(null, fileBytes, protRead, mapShared, fd, 0) as unknown;
  const start = koffi.address(address);
  if (start === -1n || start === 0xffff_ffff_ffff_ffffn) throw new Error(`mmap failed: ${koffi.errno()}`);
  for (let offset = 0; offset < fileBytes; offset += buffer.length) memcpyCall(buffer, start + BigInt(offset), buffer.length);
  munmapCall(address, fileBytes);
}
