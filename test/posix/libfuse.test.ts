/** The suite on a mount through libfuse and fuse-native. What these do not carry is left out, each with its reason; EXCLUDED.md lists it. */
import fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { whyNoLibfuse } from "../support/libfuse.js";
import { onMount } from "../support/mount.js";
import { runSuite, type Unsupported, unsupportedHere } from "./suite.js";

const notCarried: Unsupported = {
  root: "fuse-native does not say who calls, so nobody but the mounting user may change anything",
  fallocate: "fuse-native has no such operation; EOPNOTSUPP",
  "seek-hole": "libfuse 2 has no such operation; the kernel takes files to have no holes",
  tmpfile: "libfuse 2 has no such operation; EOPNOTSUPP",
  exchange: "libfuse 2 carries no flags of rename; EINVAL",
  noreplace: "libfuse 2 carries no flags of rename; EINVAL",
  "posix-acl": "libfuse 2 cannot tell the kernel to enforce lists, so they are refused; EOPNOTSUPP",
  "birth-time": "libfuse 2 has no such operation",
  "any-name": "fuse-native gives names as UTF-8, and loses what is none; EILSEQ",
  nanoseconds: "fuse-native carries milliseconds",
  "early-times": "fuse-native takes times for unsigned; EINVAL",
  "one-time": "fuse-native does not tell libfuse that it could, which then drops the request",
  "removed-directory": "libfuse finds directories by their path, which such a one has not; ENOENT",
  seekdir: "libfuse takes positions for places in its memory; EIO",
  "one-inode": "libfuse has a node for each path, so the kernel has an inode, a page cache and locks for each name",
  "atomic-open": "libfuse looks a path up and opens it afterwards; ENOENT when the file was replaced in between",
};

const skip = whyNoLibfuse();
if (skip !== false) t.plan(0, skip);
else {
  await onMount(
    t,
    async (mount) => {
      const directory = join(mount.directory, "suite");
      fs.mkdirSync(directory);
      await runSuite(t, directory, { ...unsupportedHere(), ...notCarried });
    },
    { options: ["driver=fuse-native"] },
  );
}
