import { crc32 } from "node:zlib";
import type { Segments } from "../../db/connection.js";
import { codecs, positionIn } from "../codecs.js";
import { extentMaxBytes } from "../extents.js";
import { readMeta } from "../meta.js";
import { broken, type Check, type Problem, problemsPerInvariant } from "./problem.js";

type ExtentCase = [branch: number, ino: number, offset: number, length: number];

const allExtents = `(SELECT branch, ino, "offset", since, length, blob, blob_offset FROM extent
  UNION ALL SELECT branch, ino, "offset", since, length, blob, blob_offset FROM extent_past)`;

function where([branch, ino, offset, length]: ExtentCase): string {
  return `the extent of inode ${ino}, branch ${branch}, at ${offset} for ${length} bytes`;
}

/** I7: extents do not overlap and lie within their file, now and at every moment. */
export const checkExtents: Check = (connection) => [
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT branch, ino, "offset", length FROM ${allExtents} e WHERE length < 1 OR length > ${extentMaxBytes} OR "offset" < 0`,
    (row) => `${where(row)} has an impossible length`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT branch, ino, "offset", length FROM
       (SELECT branch, ino, "offset", length, lag("offset" + length) OVER (PARTITION BY branch, ino ORDER BY "offset") AS before FROM extent) e
     WHERE "offset" < before`,
    (row) => `${where(row)} overlaps the one before it`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT e.branch, e.ino, e."offset", e.length FROM extent e JOIN inode i ON i.branch = e.branch AND i.ino = e.ino
     WHERE i.nlink > 0 AND e."offset" + e.length > i.size`,
    (row) => `${where(row)} reaches beyond the end of the file`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT a.branch, a.ino, a."offset", a.length FROM extent_past a JOIN extent_past b
       ON b.branch = a.branch AND b.ino = a.ino AND b."offset" >= a."offset" AND b."offset" < a."offset" + a.length
     WHERE (b."offset" > a."offset" OR b.since > a.since) AND b.since < a.until AND a.since < b.until`,
    (row) => `${where(row)} overlapped another one in the past`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT e.branch, e.ino, e."offset", e.length FROM extent e JOIN extent_past p
       ON p.branch = e.branch AND p.ino = e.ino AND p."offset" > e."offset" - ${extentMaxBytes} AND p."offset" < e."offset" + e.length
     WHERE p."offset" + p.length > e."offset" AND p.until > e.since`,
    (row) => `${where(row)} overlapped another one in the past`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT a.branch, a.ino, a."offset", a.length FROM extent_past a JOIN inode_past i
       ON i.branch = a.branch AND i.ino = a.ino AND i.since < a.until AND a.since < i.until
     WHERE i.nlink > 0 AND a."offset" >= i.size`,
    (row) => `${where(row)} began beyond the end of the file in the past`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT e.branch, e.ino, e."offset", e.length FROM extent e JOIN inode_past i
       ON i.branch = e.branch AND i.ino = e.ino AND e.since < i.until
     WHERE i.nlink > 0 AND e."offset" >= i.size`,
    (row) => `${where(row)} began beyond the end of the file in the past`,
  ),
  ...broken<ExtentCase>(
    connection,
    "I7",
    `SELECT a.branch, a.ino, a."offset", a.length FROM extent_past a JOIN inode i
       ON i.branch = a.branch AND i.ino = a.ino AND i.since < a.until
     WHERE i.nlink > 0 AND a."offset" >= i.size`,
    (row) => `${where(row)} began beyond the end of the file in the past`,
  ),
];

/** I8: extents lie within their blobs. */
export const checkBlobRanges: Check = (connection) =>
  broken<ExtentCase>(
    connection,
    "I8",
    `SELECT e.branch, e.ino, e."offset", e.length FROM ${allExtents} e JOIN blob b ON b.id = e.blob
     WHERE e.blob_offset < 0 OR e.blob_offset + e.length > b.length`,
    (row) => `${where(row)} points beyond the end of its blob`,
  );

const blobsPerRead = 64;

/** I10: the blobs are there and whole. */
export const checkBlobs: Check = (connection) => {
  const problems = broken<[...ExtentCase, number]>(
    connection,
    "I10",
    `SELECT e.branch, e.ino, e."offset", e.length, e.blob FROM ${allExtents} e LEFT JOIN blob b ON b.id = e.blob
     WHERE e.blob IS NOT NULL AND b.id IS NULL`,
    ([branch, ino, offset, length, blob]) => `${where([branch, ino, offset, length])} points to blob ${blob}, which is missing`,
  );
  const read = connection.prepare<readonly [number, number, number, number, Uint8Array]>(
    "SELECT id, checksum, length, codec, data FROM blob WHERE id > $1 ORDER BY id LIMIT $2",
  );
  let free = 0;
  for (let after = Number.MIN_SAFE_INTEGER; problems.length < problemsPerInvariant; ) {
    const blobs = read.all([after, blobsPerRead]);
    const last = blobs[blobs.length - 1];
    if (last === undefined) break;
    after = last[0];
    for (const [id, checksum, length, codec, data] of blobs) {
      if (codec === codecs.row) problems.push(...dataProblems(id, checksum, length, data));
      else if (codec === codecs.segments && data.byteLength === 8) {
        const position = positionIn(data);
        if (position < free) problems.push({ invariant: "I10", message: `blob ${id} overlaps the one before it in the segments` });
        free = position + length;
        problems.push(...segmentProblems(connection.segments, id, checksum, length, position));
      } else problems.push({ invariant: "I10", message: `blob ${id} is stored by codec ${codec}, which there is not` });
    }
  }
  return problems;
};

function segmentProblems(segments: Segments, id: number, checksum: number, length: number, position: number): Problem[] {
  const data = Buffer.alloc(length);
  try {
    segments.read(position, data);
  } catch (error) {
    return [{ invariant: "I10", message: `blob ${id} cannot be read: ${(error as Error).message}` }];
  }
  return dataProblems(id, checksum, length, data);
}

function dataProblems(id: number, checksum: number, length: number, data: Uint8Array): Problem[] {
  if (data.byteLength !== length) return [{ invariant: "I10", message: `blob ${id} has ${data.byteLength} bytes instead of ${length}` }];
  if (crc32(data) !== checksum)
    return [{ invariant: "I10", message: `blob ${id} is damaged: its bytes do not have the checksum ${checksum}` }];
  return [];
}

/** I11: no blob is left over, but by a retention that has not come to its end. */
export const checkUnusedBlobs: Check = (connection) =>
  broken<[number, number]>(
    connection,
    "I11",
    `SELECT id, length FROM blob WHERE id > $1 AND id NOT IN
       (SELECT blob FROM extent WHERE blob IS NOT NULL UNION SELECT blob FROM extent_past WHERE blob IS NOT NULL)`,
    ([id, length]) => `no extent points to blob ${id} (${length} bytes); stone gc removes it`,
    [Number(readMeta(connection, "retaining") ?? 0)],
  );
