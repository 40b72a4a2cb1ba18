import type { Name } from "../base/bytes.js";
import { nameText } from "../base/bytes.js";
import { isDirectory, isRegular, permissionBits } from "../vfs/mode.js";
import { bytesOf, differingXattrs, type Sight, sameContent, sameValue } from "./compare.js";
import type { Conflict, Conflicts } from "./conflict.js";
import type { FileId } from "./identity.js";
import type { Names } from "./names.js";
import type { Plan } from "./plan.js";
import { conflictOf } from "./settle-names.js";
import { type Labels, mergeText } from "./text.js";

/** Merges what is in a file that both sides have: content, mode, owner, group, each extended attribute, each by itself. */
export class FieldMerge {
  readonly #names: Names;
  readonly #conflicts: Conflicts;
  readonly #plan: Plan;
  readonly #labels: Labels | undefined;

  constructor(names: Names, conflicts: Conflicts, plan: Plan, labels: Labels | undefined) {
    this.#names = names;
    this.#conflicts = conflicts;
    this.#plan = plan;
    this.#labels = labels;
  }

  /** @param base undefined for a file that both sides made */
  merge(id: FileId, base: Sight | undefined, theirs: Sight, ours: Sight): void {
    if (isDirectory(ours.inode.mode)) this.#mergeTime(base, theirs, ours);
    else this.#mergeContent(id, base, theirs, ours);
    this.#mergeAttributes(id, base, theirs, ours);
    this.#mergeXattrs(id, base, theirs, ours);
  }

  #mergeContent(id: FileId, base: Sight | undefined, theirs: Sight, ours: Sight): void {
    if (sameContent(theirs, ours)) {
      this.#mergeTime(base, theirs, ours);
      return;
    }
    // Asked first, because a file that ours left alone is the base's version: nothing needs to be read.
    if (base !== undefined && sameContent(ours, base)) {
      this.#plan.takeContent(ours.inode.ino, theirs);
      return;
    }
    if (base !== undefined && sameContent(theirs, base)) return;
    const kind = base === undefined ? "add/add" : "content";
    const detail = base === undefined ? "both sides made it, with different content" : "both sides changed its content";
    const key = `content:${id}`;
    const resolution = this.#conflicts.meet(key, conflictOf(this.#names, kind, id, detail), isRegular(ours.inode.mode) ? "text" : "sides");
    if (resolution === "theirs") this.#plan.takeContent(ours.inode.ino, theirs);
    if (resolution === "text") this.#mergeLines(key, conflictOf(this.#names, kind, id, detail), base, theirs, ours);
  }

  #mergeLines(key: string, conflict: Conflict, base: Sight | undefined, theirs: Sight, ours: Sight): void {
    const text = (sight: Sight | undefined): Buffer => (sight === undefined ? Buffer.alloc(0) : bytesOf(sight, 0, sight.inode.size));
    const merged = mergeText(text(base), text(ours), text(theirs), this.#labels);
    if (merged.outcome === "merged") {
      if (!merged.text.equals(text(ours))) this.#plan.change(ours.inode.ino).content = { from: "text", bytes: merged.text };
      return;
    }
    const why = merged.outcome === "clash" ? `${merged.clashes} places that both changed` : "it is not UTF-8 text";
    this.#conflicts.keepOpen(key, { ...conflict, detail: `${conflict.detail}; not merged by lines: ${why}` });
  }

  /** Times go with the content; where that is the same, a time that only the source set is taken. Never a conflict. */
  #mergeTime(base: Sight | undefined, theirs: Sight, ours: Sight): void {
    if (base === undefined || !sameTime(ours, base) || sameTime(theirs, ours)) return;
    this.#plan.change(ours.inode.ino).mtime = { sec: theirs.inode.mtimeSec, nsec: theirs.inode.mtimeNsec };
  }

  #mergeAttributes(id: FileId, base: Sight | undefined, theirs: Sight, ours: Sight): void {
    for (const field of ["mode", "uid", "gid"] as const) {
      const value = ({ inode }: Sight): number => (field === "mode" ? inode.mode & permissionBits : inode[field]);
      const [before, inTheirs, inOurs] = [base === undefined ? undefined : value(base), value(theirs), value(ours)];
      if (inTheirs === inOurs || inTheirs === before) continue;
      if (inOurs !== before) {
        const show = (number: number): string => number.toString(field === "mode" ? 8 : 10);
        const detail = `${field} is ${show(inOurs)} in ours, ${show(inTheirs)} in theirs`;
        if (this.#conflicts.meet(`${field}:${id}`, conflictOf(this.#names, "attributes", id, detail)) !== "theirs") continue;
      }
      this.#plan.change(ours.inode.ino)[field] = inTheirs;
    }
  }

  #mergeXattrs(id: FileId, base: Sight | undefined, theirs: Sight, ours: Sight): void {
    const value = (sight: Sight | undefined, name: Name): Uint8Array | undefined => sight?.tree.xattr(sight.inode.ino, name);
    for (const name of differingXattrs(theirs, ours)) {
      if (base !== undefined && sameValue(value(theirs, name), value(base, name))) continue;
      const free = sameValue(value(ours, name), value(base, name));
      if (!free) {
        const conflict = conflictOf(this.#names, "xattr", id, `both sides set ${nameText(name)}`);
        if (this.#conflicts.meet(`xattr:${id}:${name}`, conflict) !== "theirs") continue;
      }
      this.#plan.change(ours.inode.ino).xattrs.set(name, value(theirs, name));
    }
  }
}

function sameTime(a: Sight, b: Sight): boolean {
  return a.inode.mtimeSec === b.inode.mtimeSec && a.inode.mtimeNsec === b.inode.mtimeNsec;
}
