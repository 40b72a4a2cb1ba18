/** Why a mount or an unmount failed, in words for a person. */
export class MountError extends Error {
  override readonly name = "MountError";
}
