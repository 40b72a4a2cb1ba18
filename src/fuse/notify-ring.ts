/**
 * The memory a Notifier shares with its thread: a few words, and a ring of slots that hold one message each
 * (its length in 4 bytes, then the bytes). The counts have 32 bits and wrap.
 */
import { nameMaxBytes } from "../base/limits.js";
import { fuse_notify_delete_out, fuse_out_header } from "./abi.js";

/** Notices put into the ring, and carried out, so far. */
export const noticeWritten = 0;
export const noticeDelivered = 1;
/** Counts up whenever the thread should look; it sleeps on this word. */
export const noticeBell = 2;
/** 1: ring the wake descriptor when all is delivered, then set it to 0. */
export const noticeAwaited = 3;
/** Notices that the kernel refused. */
export const noticeRefused = 4;
/** 1: end; 2: ended. */
export const noticeEnd = 5;
export const noticeWords = 6;

/** The longest notice is a DELETE with the longest name and its NUL. */
export const slotBytes = 4 + fuse_out_header.SIZE + fuse_notify_delete_out.SIZE + nameMaxBytes + 1;
export const slots = 512;
