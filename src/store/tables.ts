import type { Connection } from "../db/connection.js";
import { type BlobOptions, Blobs } from "./blobs.js";
import { Extents } from "./extents.js";
import { inodeSpec } from "./inode.js";
import { TemporalTable } from "./temporal.js";
import type { Writer } from "./writer.js";

/** The versioned tables of one open database. */
export interface Tables {
  readonly connection: Connection;
  readonly inode: TemporalTable;
  readonly dirent: TemporalTable;
  readonly xattr: TemporalTable;
  /** Those whose rows wait to be written. */
  readonly writeBehind: readonly TemporalTable[];
  readonly extents: Extents;
  readonly blobs: Blobs;
  /** Throws ENOSPC while a full disk keeps the database from having what was acknowledged: to be asked before reading from it. */
  ready(): void;
  /** A change broke off in its middle, and nobody can undo its beginning: all writing ends. Returns what to throw. */
  brokenOff(error: unknown): Error;
}

export const direntSpec = { name: "dirent", key: ["parent", "name"], values: ["ino", "type", "cookie"] } as const;
export const xattrSpec = { name: "xattr", key: ["ino", "name"], values: ["value"] } as const;

/** Prepares the statements of every table. */
export function openTables(connection: Connection, writer: Writer, blobs: BlobOptions): Tables {
  const inode = new TemporalTable(connection, writer, inodeSpec);
  const dirent = new TemporalTable(connection, writer, direntSpec);
  const xattr = new TemporalTable(connection, writer, xattrSpec);
  return {
    connection,
    inode,
    dirent,
    xattr,
    writeBehind: [inode, dirent, xattr],
    extents: new Extents(connection, writer),
    blobs: new Blobs(connection, writer, blobs),
    ready: () => writer.ready(),
    brokenOff: (error) => writer.brokenOff(error),
  };
}
