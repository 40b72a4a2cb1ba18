/** File types, as `dirent.type` and the bits of `inode.mode` above the twelfth have them. */
export const directoryType = 4;
export const regularType = 8;

export function typeOf(mode: number): number {
  return mode >>> 12;
}

export function isDirectory(mode: number): boolean {
  return typeOf(mode) === directoryType;
}

export function isDirectorySql(mode: string): string {
  return `${mode} / 4096 = ${directoryType}`;
}
