import t from "tap";
import { findMount, mountOf, parseMountInfo } from "../../src/fuse/mountinfo.js";

const text = [
  "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
  "30 22 0:24 / /mnt rw - tmpfs tmpfs rw",
  "31 30 0:42 / /mnt/a\\040b rw,nosuid,nodev master:2 propagate_from:3 - fuse.stonefs /data/my\\040db.sqlite rw,user_id=0",
  "32 30 0:43 / /mnt/\\303\\244\\134x rw - fuse.stonefs back\\134slash rw",
  "33 30 0:44 / /mnt/a\\040b rw - fuse.stonefs above rw",
  "a line that makes no sense",
  "",
].join("\n");

t.test("lines", async (t) => {
  const mounts = parseMountInfo(text);
  t.equal(mounts.length, 5);
  t.strictSame(mounts[2], { root: "/", mountPoint: "/mnt/a b", type: "fuse.stonefs", fsname: "/data/my db.sqlite", device: "0:42" });
  t.strictSame(mounts[3], { root: "/", mountPoint: "/mnt/\xc3\xa4\\x", type: "fuse.stonefs", fsname: "back\\slash", device: "0:43" });
});

t.test("the mount a path lies on", async (t) => {
  const mounts = parseMountInfo(text);
  const sourceOf = (path: string) => mountOf(mounts, path)?.fsname;
  t.equal(sourceOf("/"), "/dev/sda1");
  t.equal(sourceOf("/mntx"), "/dev/sda1", "a longer name is another directory");
  t.equal(sourceOf("/mnt"), "tmpfs");
  t.equal(sourceOf("/mnt/a"), "tmpfs");
  t.equal(sourceOf("/mnt/a b"), "above", "a later mount hides the earlier");
  t.equal(sourceOf("/mnt/a b/deep/inside"), "above");
  t.equal(sourceOf("/mnt/\xc3\xa4\\x/y"), "back\\slash");
  t.equal(mountOf([], "/x"), undefined);
});

t.test("this machine", async (t) => {
  t.equal(findMount("/proc/self")?.type, "proc");
});
