-- stonefs: the format, version 2. This file is the specification: tables, what each column means, its unit and its sentinel,
-- and the invariants (I1 ...) that the integrity check tests, one function for each, numbered alike.
--
-- Words. An event is one change; its id is the version clock, global over branches, never reused. A moment is an event id v:
-- the tree just after that event. A live table holds what is true now; its _past twin holds what was. A row is true from
-- `since` (inclusive) to `until` (exclusive), both event ids; a live row has no `until`. So a key as of v is
-- the live row if since <= v, else the past row with since <= v < until.
--
-- Names, symlink targets and attribute names are bytes, not text: a file name may be any bytes but '/' and NUL.
-- Times are whole seconds since 1970 (negative before) and nanoseconds 0..999999999, apart, because a nanosecond count
-- exceeds 2^53. Clock times of events (`at`) are microseconds since 1970. Sizes and offsets are bytes, at most 2^53-1.

-- Facts about the file system as a whole, as text: 'format' (this file's version), 'created' (microseconds),
-- 'next_ino' (inode numbers below it may have been handed out: reserved ahead, so none is ever reused, even after a crash),
-- 'horizon' (the oldest event as of which the whole tree is still there, after retention dropped what was before; else absent),
-- 'retaining' (while retention is at work, or was interrupted: the newest blob there was when it began; else absent),
-- 'segments' (how far the segments beside the database reach, bytes; absent for 0),
-- 'redo' (records of the redo log beside the database count if they are of this generation; absent for 0: see src/store/redo-log.ts).
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- A named line of history. Branch 0 is `main`. Its own rows come first; what it has no row for is its parent's, as of the fork.
-- I1: every branch but 0 has a parent, forked_at is an event not younger than the newest, and no branch is its own ancestor.
CREATE TABLE branch (
  id         INTEGER PRIMARY KEY,     -- never reused
  name       TEXT NOT NULL,           -- unique among those not dropped
  kind       TEXT NOT NULL,           -- 'branch', or 'transaction': private, ends by commit or rollback
  made       BIGINT NOT NULL,         -- the event that made it
  dropped    BIGINT,                  -- the event that dropped it; retention then removes its rows; NULL while it lives
  parent     BIGINT,                  -- the branch it was forked from; NULL for branch 0
  forked_at  BIGINT NOT NULL          -- the moment of the parent it shows through; 0 for branch 0
);
CREATE UNIQUE INDEX branch_name ON branch (name) WHERE dropped IS NULL;

-- What a merge, a restore or an undo touched: one event changes many files, which its own row cannot name.
CREATE TABLE touched (
  event  BIGINT NOT NULL,
  ino    BIGINT NOT NULL,         -- an inode whose content or attributes changed; 0 where a name did
  parent BIGINT NOT NULL,         -- the directory and the name that changed; 0 and empty where an inode did
  name   BLOB   NOT NULL,
  PRIMARY KEY (event, ino, parent, name)
) WITHOUT ROWID;

-- Inodes of two branches that a merge took for the same file, such as a directory both had made. What one branch does to the one,
-- a later merge does to the other. Retention removes those of which no branch has a version left.
CREATE TABLE twin (
  ino   BIGINT NOT NULL,
  twin  BIGINT NOT NULL,
  event BIGINT NOT NULL,          -- the merge that found them
  PRIMARY KEY (ino, twin)
) WITHOUT ROWID;
CREATE INDEX twin_of ON twin (twin);

-- What was merged: the changes of `source` up to `source_event` are in `target` since `event`. A later merge takes only what is newer.
-- Retention removes those into branches that no branch there is knows of.
CREATE TABLE merge (
  event        INTEGER PRIMARY KEY,
  target       BIGINT NOT NULL,
  source       BIGINT NOT NULL,
  source_event BIGINT NOT NULL
);
CREATE INDEX merge_target ON merge (target, event);
CREATE INDEX merge_source ON merge (source, source_event);

-- One change. Ids of WRITE requests that a later write of the same version overtook have no row, so ids have gaps.
-- I2: `at` never decreases as id grows, and every event lies in exactly one batch.
CREATE TABLE event (
  id        INTEGER PRIMARY KEY,
  at        BIGINT NOT NULL,      -- clock time, microseconds since 1970
  branch    BIGINT NOT NULL,
  op        TEXT   NOT NULL,      -- create mkdir mknod symlink tmpfile link unlink rmdir rename exchange write truncate fallocate copy setattr setxattr ...
  ino       BIGINT NOT NULL,      -- the inode it changed
  parent    BIGINT,               -- directory and name it went by, where the operation names one (NULL for write, setattr)
  name      BLOB,
  to_parent BIGINT,               -- rename, exchange: the new directory and name
  to_name   BLOB,
  bytes     BIGINT,               -- write, copy: how many bytes this version's requests wrote or copied
  process   BIGINT                -- who: process.id; NULL for the file system itself
);
-- The trunk has nearly all events and finds its own without an index; a branch would have to look through the trunk's.
CREATE INDEX event_branch ON event (branch, id) WHERE branch <> 0;

-- The durable unit: the events made durable together by one database commit, sealed in a hash chain.
-- digest = SHA-256(previous, then every event of the batch by id, each as src/store/seal.ts encodes it).
-- I3: batches do not overlap, `previous` is the digest of the batch before, and the digest is that of the events it holds
--     (a batch whose events retention dropped keeps its digest, and only its links are checked).
CREATE TABLE batch (
  id       INTEGER PRIMARY KEY,
  first    BIGINT NOT NULL,       -- least and greatest event id that belongs to it
  last     BIGINT NOT NULL,
  at       BIGINT NOT NULL,       -- clock time of its last event
  events   BIGINT NOT NULL,       -- how many event rows it sealed
  digest   BLOB   NOT NULL,
  previous BLOB   NOT NULL        -- 32 zero bytes for the first
);
CREATE INDEX batch_last ON batch (last);
CREATE INDEX batch_at ON batch (at);

-- A name for a moment of a branch; retention never removes what it shows.
CREATE TABLE snapshot (
  name    TEXT PRIMARY KEY,
  branch  BIGINT NOT NULL,
  event   BIGINT NOT NULL,
  at      BIGINT NOT NULL,        -- when it was taken, microseconds
  message TEXT
);

-- Who acted. One row per process seen (a pid with its start time), not per event. Retention removes those no event is left of.
CREATE TABLE process (
  id         INTEGER PRIMARY KEY,
  pid        BIGINT NOT NULL,
  started    BIGINT NOT NULL,     -- microseconds since 1970; 0 where the process was gone before it was looked up
  parent     BIGINT,              -- its parent's pid
  uid        BIGINT NOT NULL,
  gid        BIGINT NOT NULL,
  name       TEXT   NOT NULL,     -- the kernel's comm, at most 15 bytes
  executable TEXT,                -- looked up afterwards; NULL where the process was gone by then
  arguments  TEXT,                -- JSON array
  directory  TEXT,
  host       TEXT   NOT NULL
);

-- What POSIX calls a file: one row per version of its attributes.
-- In every branch, with what it inherits:
-- Shown moments are those since the horizon and, before it, what retention keeps: snapshots, fork points, and of a branch what was merged.
-- I4: nlink is the number of entries that name it (for a directory: 2 and its subdirectories; the root's own count likewise), at every
--     shown moment.
-- I5: there is a root; every directory is reached from it by names; and, at every shown moment, the one its `parent` says holds
--     exactly one entry for it, and there is a root.
CREATE TABLE inode (
  branch    BIGINT NOT NULL,
  ino       BIGINT NOT NULL,      -- 1 is the root; never reused; at most 2^42-1
  since     BIGINT NOT NULL,
  mode      BIGINT NOT NULL,      -- type and permission bits, as st_mode
  uid       BIGINT NOT NULL,
  gid       BIGINT NOT NULL,
  nlink     BIGINT NOT NULL,      -- 0: no name any more but still open; removed when closed, or at the next mount
  size      BIGINT NOT NULL,      -- st_size; of a symlink the length of its target
  rdev      BIGINT NOT NULL,      -- of device nodes, as the kernel's new_encode_dev; else 0
  parent    BIGINT NOT NULL,      -- the directory it lies in (the root: itself); of a file the one of its newest name, a hint:
                                  -- it may have other names, and that one may be gone
  inherited BIGINT NOT NULL,      -- the parent branch's bytes show through below this offset; 0 in a branch without a parent
  atime_s   BIGINT NOT NULL, atime_ns BIGINT NOT NULL,
  mtime_s   BIGINT NOT NULL, mtime_ns BIGINT NOT NULL,
  ctime_s   BIGINT NOT NULL, ctime_ns BIGINT NOT NULL,
  btime_s   BIGINT NOT NULL, btime_ns BIGINT NOT NULL,
  target    BLOB,                 -- of a symlink
  allocated BIGINT NOT NULL,      -- bytes of a file that extents have data for, inherited ones included: what st_blocks shows
  PRIMARY KEY (branch, ino)
) WITHOUT ROWID;
CREATE INDEX inode_orphan ON inode (branch, ino) WHERE nlink = 0;
CREATE TABLE inode_past (
  branch BIGINT NOT NULL, ino BIGINT NOT NULL, since BIGINT NOT NULL,
  mode BIGINT, uid BIGINT, gid BIGINT, nlink BIGINT, size BIGINT, rdev BIGINT, parent BIGINT, inherited BIGINT,
  atime_s BIGINT, atime_ns BIGINT, mtime_s BIGINT, mtime_ns BIGINT, ctime_s BIGINT, ctime_ns BIGINT, btime_s BIGINT, btime_ns BIGINT,
  target BLOB, allocated BIGINT,
  until  BIGINT NOT NULL,
  PRIMARY KEY (branch, ino, since)
) WITHOUT ROWID;

-- One name in one directory.
-- I6: in every branch, with what it inherits, every entry lies in a live directory and names a live inode of the same type (or, ino
--     NULL, hides an inherited entry).
CREATE TABLE dirent (
  branch BIGINT NOT NULL,
  parent BIGINT NOT NULL,
  name   BLOB   NOT NULL,         -- 1..255 bytes, no '/', no NUL, not '.' or '..'
  since  BIGINT NOT NULL,
  ino    BIGINT,                  -- NULL: removed here, though the parent branch has it
  type   BIGINT NOT NULL,         -- d_type, as readdir(3): 4 directory, 8 regular, 10 symlink ...
  cookie BIGINT NOT NULL,         -- position in listings (telldir): the event that first made this name here; unique in a directory
  PRIMARY KEY (branch, parent, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX dirent_order ON dirent (branch, parent, cookie);
CREATE TABLE dirent_past (
  branch BIGINT NOT NULL, parent BIGINT NOT NULL, name BLOB NOT NULL, since BIGINT NOT NULL,
  ino BIGINT, type BIGINT, cookie BIGINT,
  until  BIGINT NOT NULL,
  PRIMARY KEY (branch, parent, name, since)
) WITHOUT ROWID;

-- A file's bytes: ranges of the file that point into ranges of blobs. What no extent covers reads as zeros (or, in a branch,
-- below `inherited`, as the parent's bytes).
-- Of an extent only what lies within the file's size at a moment is shown then: bytes appended later may lie in the same one.
-- I7: live extents of a file do not overlap, are 1..262144 bytes long, and lie within the file's size; past ones do not overlap either,
--     and at every moment each begins within the size that the file had then.
-- I8: an extent's range lies within its blob's length.
-- An extent may outlive its inode's rows: it counts only where the inode does, and retention removes it with the inode's last version.
CREATE TABLE extent (
  branch      BIGINT NOT NULL,
  ino         BIGINT NOT NULL,
  "offset"    BIGINT NOT NULL,    -- in the file
  since       BIGINT NOT NULL,
  length      BIGINT NOT NULL,
  blob        BIGINT,             -- NULL: a hole that hides inherited bytes
  blob_offset BIGINT NOT NULL,
  PRIMARY KEY (branch, ino, "offset")
) WITHOUT ROWID;
CREATE TABLE extent_past (
  branch BIGINT NOT NULL, ino BIGINT NOT NULL, "offset" BIGINT NOT NULL, since BIGINT NOT NULL,
  length BIGINT NOT NULL, blob BIGINT, blob_offset BIGINT NOT NULL,
  until  BIGINT NOT NULL,
  PRIMARY KEY (branch, ino, "offset", since)
) WITHOUT ROWID;

-- Extended attributes.
-- I9: every attribute belongs to an inode there is or was (as with extents); names are 1..255 bytes with a namespace (user.,
--     trusted., security., or one of the two system.posix_acl_*, stored as user space gives them), values at most 65536 bytes.
CREATE TABLE xattr (
  branch BIGINT NOT NULL,
  ino    BIGINT NOT NULL,
  name   BLOB   NOT NULL,
  since  BIGINT NOT NULL,
  value  BLOB,                    -- NULL: removed here, though the parent branch has it
  PRIMARY KEY (branch, ino, name)
) WITHOUT ROWID;
CREATE TABLE xattr_past (
  branch BIGINT NOT NULL, ino BIGINT NOT NULL, name BLOB NOT NULL, since BIGINT NOT NULL,
  value  BLOB,
  until  BIGINT NOT NULL,
  PRIMARY KEY (branch, ino, name, since)
) WITHOUT ROWID;

-- Immutable bytes, in `data` or in the segments beside the database (src/db/segments.ts), in which blobs lie in the order of their ids.
-- I10: every blob an extent points to is there, its length and checksum are those of its bytes, and no two overlap in the segments.
-- I11: every blob is pointed to by some extent, live or past; but those up to meta's 'retaining' may await the end of retention.
CREATE TABLE blob (
  id       INTEGER PRIMARY KEY,
  checksum BIGINT NOT NULL,       -- CRC-32 (ISO 3309, as zlib's) of the bytes
  length   BIGINT NOT NULL,       -- of the content, bytes
  codec    BIGINT NOT NULL,       -- 0: data is the bytes; 1: they are in the segments, data is their position, 8 bytes, little endian
  data     BLOB   NOT NULL
);

-- I12: time is whole: every past row has since < until, no two versions of one key overlap, a live row is younger than its past
--      ones, no row's `since` is younger than the newest event id, and ino < next_ino for every inode.
-- I13: `allocated` of a live file of any branch is the sum of the lengths of the extents with a blob that it shows; of anything else 0.
--      So it is of the versions that a shown moment before the horizon shows.
