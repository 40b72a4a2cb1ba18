/**
 * A file system with a history, and every change of it as a whole that there is: for tests that such a change happens or does not,
 * whatever comes in between.
 */
import { perform } from "../../src/cli/direct.js";
import type { StoreOperation, StoreOperations } from "../../src/daemon/protocol.js";
import { listSnapshots } from "../../src/store/snapshots.js";
import type { Store } from "../../src/store/store.js";
import { byPath, copyOf } from "../history/copies.js";
import { Files } from "../history/files.js";
import { vfsOf } from "../vfs/files.js";

/** A request as the control protocol has it. */
export interface Change<Op extends StoreOperation = StoreOperation> {
  readonly op: Op;
  readonly args: StoreOperations[Op]["args"];
}

const plainly = { resolutions: [], markers: "none", intent: "apply" } as const;

function change<Op extends StoreOperation>(op: Op, args: StoreOperations[Op]["args"]): Change {
  return { op, args } as Change;
}

/** Each goes through on what `makeHistory` makes. */
export const changes: readonly Change[] = [
  change("merge", { source: "feat", ...plainly }),
  change("restore", { when: "start", paths: [], intent: "apply" }),
  change("restore", { when: "start", paths: ["d1"], intent: "apply" }),
  change("undo", { count: 30, intent: "apply" }),
  change("commit", { name: "tx", ...plainly }),
  change("rollback", { name: "tx" }),
  change("begin", { name: "another" }),
  change("fork", { name: "idea" }),
  change("fork", { name: "idea", at: "start" }),
  change("dropBranch", { name: "feat" }),
  change("renameBranch", { name: "feat", to: "thought" }),
  change("snapshot", { name: "now" }),
  change("dropSnapshot", { name: "start" }),
];

export function applyTo(store: Store, { op, args }: Change): void {
  perform(store, op, args, null);
}

export function nameOf({ op, args }: Change): string {
  return `${op} ${Object.values(args)
    .filter((value) => typeof value === "string" || typeof value === "number" || Array.isArray(value))
    .join(" ")}`.trim();
}

const each = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
/** Text of its own for each number, 0 to 6 KB. */
const text = (number: number): string => `${number},`.repeat((number * 37) % 1500);

/** Three directories in the trunk, a snapshot, then changes of all kinds in the trunk, a branch `feat` and a transaction `tx`. */
export function makeHistory(store: Store): void {
  const vfs = vfsOf(store);
  const main = new Files(vfs, 0);
  for (const d of each(3)) {
    main.mkdir(`d${d}`);
    for (const f of each(15)) main.write(`d${d}/f${f}`, text(d * 15 + f));
  }
  main.ln("d0/f0", "link").symlink("symlink", "d0/f0").setXattr("d0/f1", "user.a", "start");
  perform(store, "snapshot", { name: "start" }, null);
  const feat = new Files(vfs, store.branches.fork("feat", 0, undefined, "branch", null).id);
  changeAll(feat, 0, "feat");
  main.mv("d1/f3", "moved").write("d1/f4", "main");
  const tx = new Files(vfs, store.branches.fork("tx", 0, undefined, "transaction", null).id);
  changeAll(tx, 2, "tx");
  for (const f of each(10)) main.write(`d1/own${f}`, text(f)).chmod(`d1/own${f}`, 0o600);
  main.rm("d1/f5");
  store.commit("durable");
}

/** Changes a directory `d` and what is in it in every way. */
function changeAll(files: Files, d: number, who: string): void {
  for (const f of each(5)) files.write(`d${d}/f${f}`, `${who} ${text(f + 200)}`);
  for (const f of [5, 6]) files.rm(`d${d}/f${f}`);
  files.mkdir(`d${d}/sub`).mv(`d${d}/f7`, `d${d}/sub/f7`).chmod(`d${d}/f8`, 0o755).chown(`d${d}/f8`, 5);
  files.setXattr(`d${d}/f9`, "user.b", who).symlink(`d${d}/sub/symlink`, who).ln(`d${d}/f10`, `d${d}/sub/link`);
  for (const f of each(8)) files.write(`d${d}/sub/new${f}`, `${who} ${text(f + 400)}`);
  files.mv(`d${d}`, `renamed-by-${who}`);
}

/** Everything that can be seen: every branch's tree, and the snapshots with theirs. */
export function stateOf(store: Store): string {
  const branches = store.branches.list().map(({ id, name, kind }) => ({
    name,
    kind,
    tree: byPath(copyOf(store.live(id))),
    snapshots: listSnapshots(store, id).map((snapshot) => [snapshot.name, byPath(copyOf(store.past(id, snapshot.event)))]),
  }));
  return JSON.stringify(branches);
}
