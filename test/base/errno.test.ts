import t from "tap";
import { InvariantError, invariant } from "../../src/base/assert.js";
import { ENOENT, ENOSPC, errnoName, FsError } from "../../src/base/errno.js";

t.test("numbers have names", (t) => {
  t.equal(errnoName(2), "ENOENT");
  t.equal(errnoName(ENOSPC), "ENOSPC");
  t.equal(errnoName(9999), "errno 9999");
  t.end();
});

t.test("a refusal carries its number and its words, and leaves the stacks of others alone", (t) => {
  const limit = Error.stackTraceLimit;
  const error = new FsError(ENOENT, "what");
  t.equal(error.errno, 2);
  t.equal(error.message, "what");
  t.equal(Error.stackTraceLimit, limit);
  t.end();
});

t.test("a broken invariant throws", (t) => {
  invariant(true, "never");
  t.throws(() => invariant(false, "one is two"), new InvariantError("one is two"));
  t.end();
});
