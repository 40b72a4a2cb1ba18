import t from "tap";
import { parseAge } from "../../src/cli/age.js";
import { formatMillis } from "../../src/cli/duration.js";
import { formatBytes } from "../../src/cli/output.js";
import { defaultOptions, OptionError, optionRows, parseMountOptions } from "../../src/daemon/options.js";

t.test("options change what they name and nothing else", async (t) => {
  t.same(parseMountOptions([]), defaultOptions);
  t.same(parseMountOptions(["ro,allow_other", "size=10G"]), {
    ...defaultOptions,
    readOnly: true,
    allowOther: true,
    sizeBytes: 10 * 2 ** 30,
  });
  t.same(parseMountOptions(["cache_bytes=1000,blob_cache_bytes=2k,batch_ms=50,batch_bytes=1M"]), {
    ...defaultOptions,
    cacheBytes: 1000,
    blobCacheBytes: 2048,
    batchMillis: 50,
    batchBytes: 2 ** 20,
  });
  t.same(parseMountOptions(["views=visible,views_other,dirhistory,writeback,suid,dev,noexec"]), {
    ...defaultOptions,
    viewsVisible: true,
    viewsOther: true,
    dirHistory: true,
    writeback: true,
    suid: true,
    dev: true,
    exec: false,
  });
});

t.test("options as other FUSE file systems have them", async (t) => {
  t.same(
    parseMountOptions(["uid=1000,gid=100,umask=027,relatime,max_read=131072,auto_unmount,fsname=notes,subtype=mine,noacl,allow_root"]),
    {
      ...defaultOptions,
      uid: 1000,
      gid: 100,
      umask: 0o27,
      relatime: true,
      maxReadBytes: 131_072,
      autoUnmount: true,
      fsname: "notes",
      subtype: "mine",
      acl: false,
      allowRoot: true,
    },
  );
  t.same(parseMountOptions(["default_permissions,noatime"]), defaultOptions);
  t.equal(parseMountOptions(["noacl,acl"]).acl, true);
  t.equal(parseMountOptions(["max_read=1"]).maxReadBytes, 4096, "a page at least");
  for (const wrong of ["uid=root", "uid=4294967295", "umask=8", "umask=1000", "gid=", "fsname="]) {
    t.throws(() => parseMountOptions([wrong]), OptionError, wrong);
  }
});

t.test("of two that contradict each other the later one holds", async (t) => {
  t.equal(parseMountOptions(["ro", "rw"]).readOnly, false);
  t.equal(parseMountOptions(["suid,nosuid"]).suid, false);
  t.equal(parseMountOptions(["size=1K,size=2K"]).sizeBytes, 2048);
});

t.test("the driver, and what that of libfuse cannot do", async (t) => {
  t.same(parseMountOptions(["driver=kernel"]), defaultOptions);
  const driver = "fuse-native";
  t.same(parseMountOptions(["driver=fuse-native"]), { ...defaultOptions, driver });
  t.same(parseMountOptions(["driver=fuse-native,allow_other,ro,noacl"]), {
    ...defaultOptions,
    driver,
    allowOther: true,
    readOnly: true,
    acl: false,
  });
  for (const option of ["allow_other", "acl", "writeback"]) {
    const message = new RegExp(`^-o ${option}: not with driver=fuse-native, `);
    t.throws(() => parseMountOptions(["driver=fuse-native", option]), { name: "OptionError", message });
  }
});

t.test("what fstab says of every file system is accepted", async (t) => {
  t.same(
    parseMountOptions(["defaults,noauto,nofail,user,users,_netdev,noatime,x-systemd.automount,x-gvfs-show,comment=mine"]),
    defaultOptions,
  );
});

t.test("a refusal names the option, its value and what there is", async (t) => {
  const refusal = (list: string): string => {
    try {
      parseMountOptions([list]);
      return "";
    } catch (error) {
      return error instanceof OptionError ? error.message : String(error);
    }
  };
  const unknown = refusal("ro,frobnicate=3");
  t.match(unknown, /-o frobnicate=3: unknown option/);
  for (const row of optionRows) t.ok(unknown.includes(row.name), `lists ${row.name}`);
  t.match(refusal("size=ten"), /-o size=ten: not a size.*size=10G/);
  t.match(refusal("size=0"), /-o size=0: not a size/);
  t.match(refusal("size=9999999T"), /not a size/);
  t.match(refusal("size"), /-o size: needs a value, size=SIZE/);
  t.match(refusal("ro=yes"), /-o ro=yes: ro takes no value/);
  t.match(refusal("views=sometimes"), /-o views=sometimes: must be hidden or visible/);
  t.match(refusal("driver=nonsense"), /-o driver=nonsense: must be kernel or fuse-native/);
  t.match(refusal("views=toString"), /must be hidden or visible/);
  t.match(refusal("batch_ms=1s"), /-o batch_ms=1s: not a number of milliseconds/);
});

t.test("ages", async (t) => {
  t.equal(parseAge("90s"), 90e6);
  t.equal(parseAge("5m"), 300e6);
  t.equal(parseAge("30d"), 30 * 86_400e6);
  t.equal(parseAge("0s"), 0);
  for (const text of ["", "d", "3", "-3d", "3 d", "3mo", "1.5h", "99999999999y"])
    t.throws(() => parseAge(text), { name: "UsageError" }, text);
});

t.test("numbers for people", async (t) => {
  const pairs: [number, string][] = [
    [0, "0"],
    [1023, "1023"],
    [1024, "1.0K"],
    [1_048_575, "1.0M"],
    [1.5 * 2 ** 30, "1.5G"],
  ];
  for (const [bytes, text] of pairs) t.equal(formatBytes(bytes), text);
  t.equal(formatMillis(20), "less than a second");
  t.equal(formatMillis(61_000), "1 minute 1 second");
  t.equal(formatMillis(2 * 86_400_000 + 3 * 3_600_000 + 5_000), "2 days 3 hours");
});
