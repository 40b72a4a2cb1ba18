/** PostgreSQL: a cluster made, loaded, crashed, moved to another mount and checked, with its own checksums on. */
import fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { onMount } from "../support/mount.js";
import { run } from "../support/run.js";
import { temporaryDirectory } from "../support/temporary.js";

/** Of each of two loads; for an evening: PGBENCH_SECONDS=600. */
const seconds = Number(process.env.PGBENCH_SECONDS ?? 6);
const timeoutMs = seconds * 2000 + 160_000;

/** Debian keeps the server's programs out of the PATH, one directory for each version. */
function programs(): string | undefined {
  const versions = fs.existsSync("/usr/lib/postgresql") ? fs.readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a)) : [];
  const directories = [...versions.map((version) => `/usr/lib/postgresql/${version}/bin`), ...(process.env.PATH ?? "").split(":")];
  return directories.find((directory) => ["initdb", "pgbench", "pg_amcheck"].every((name) => fs.existsSync(join(directory, name))));
}

const bin = programs();
const root = process.geteuid?.() === 0;
/** The server refuses to be root. */
const account = ["postgres", "nobody"].find((name) => run("id", [name]).status === 0) ?? "nobody";

function skip(): string | false {
  if (bin === undefined) return "no PostgreSQL 14 or newer with initdb, pgbench and pg_amcheck is installed";
  if (root && run("setpriv", ["--reuid", account, "--regid", "nogroup", "--clear-groups", "true"]).status !== 0) {
    return `setpriv cannot make root ${account}`;
  }
  return false;
}

/** One cluster; its socket lies outside, since paths of sockets are short. */
class Cluster {
  readonly #t: Test;
  readonly #data: string;
  readonly #socket: string;

  constructor(t: Test, data: string, socket: string) {
    this.#t = t;
    this.#data = data;
    this.#socket = socket;
    if (!root) return;
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(run("id", [flag, account]).stdout));
    fs.chownSync(data, uid as number, gid as number);
    fs.chownSync(socket, uid as number, gid as number);
  }

  run(program: string, ...args: string[]): string {
    const command = [join(bin as string, program), ...args];
    const environment = { PGHOST: this.#socket, PGDATABASE: "postgres", PGUSER: account, LC_ALL: "C" };
    const options = { cwd: this.#socket, env: environment, timeoutMs };
    const before = root ? ["setpriv", "--reuid", account, "--regid", "nogroup", "--clear-groups"] : [];
    const [first = "", ...rest] = [...before, ...command];
    const { status, stdout, stderr } = run(first, rest, options);
    this.#t.equal(status, 0, `${program} ${args.join(" ").slice(0, 60)}`, { stdout: stdout.slice(-2000), stderr: stderr.slice(-2000) });
    return stdout;
  }

  initialize(): void {
    fs.chmodSync(this.#data, 0o700);
    this.run("initdb", "-D", this.#data, "-A", "trust", "-U", account, "--data-checksums", "--locale=C", "-E", "UTF8");
    const settings = ["listen_addresses = ''", `unix_socket_directories = '${this.#socket}'`, "max_wal_size = 64MB"];
    fs.appendFileSync(join(this.#data, "postgresql.conf"), settings.map((line) => `${line}\n`).join(""));
  }

  start(): void {
    this.run("pg_ctl", "-D", this.#data, "-l", join(this.#socket, "log"), "-w", "-t", "60", "start");
  }

  stop(mode: "fast" | "immediate"): void {
    this.run("pg_ctl", "-D", this.#data, "-m", mode, "-w", "-t", "60", "stop");
  }

  query(text: string): string {
    return this.run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text).trimEnd();
  }

  /** Ends what a failed test left running. */
  end(): void {
    const file = join(this.#data, "postmaster.pid");
    if (!fs.existsSync(file)) return;
    this.#t.comment(fs.readFileSync(join(this.#socket, "log"), "utf8").slice(-3000));
    this.stop("immediate");
  }
}

/** pgbench adds each amount to an account, a teller, a branch and the history: the four sums stay equal. */
function sound(t: Test, cluster: Cluster, when: string): void {
  const sums = cluster.query(
    "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(bbalance) FROM pgbench_branches), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)",
  );
  t.equal(new Set(sums.split("|")).size, 1, `the sums agree ${when}: ${sums}`);
  t.ok(Number(cluster.query("SELECT count(*) FROM pgbench_history")) > 20, `transactions were made ${when}`);
  cluster.run("pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--parent-check");
}

t.setTimeout(timeoutMs);

t.test("initdb, pgbench, a crash of the server, another mount, and all sums agree", { skip: skip(), timeout: timeoutMs }, (t) =>
  onMount(
    t,
    (mount) => {
      const [data, socket] = [join(mount.directory, "cluster"), temporaryDirectory(t)];
      fs.mkdirSync(data);
      fs.chmodSync(mount.directory, 0o755);
      const cluster = new Cluster(t, data, socket);
      try {
        cluster.initialize();
        cluster.start();
        cluster.run("pgbench", "-i", "-q", "-s", "2");
        cluster.run("pgbench", "-c", "4", "-j", "2", "-T", String(seconds));
        sound(t, cluster, "after the load");
        cluster.stop("immediate");
        cluster.start();
        sound(t, cluster, "after the server crashed");
        cluster.query("CREATE TABLE copy AS SELECT * FROM pgbench_accounts");
        cluster.query("VACUUM FULL pgbench_accounts");
        cluster.stop("fast");
        mount.unmount();
        mount.mount();
        cluster.run("pg_checksums", "--check", "-D", data);
        cluster.start();
        t.equal(cluster.query("SELECT count(*) FROM copy NATURAL JOIN pgbench_accounts"), "200000", "two tables of the same rows");
        // Without -n it empties the history first.
        cluster.run("pgbench", "-n", "-c", "4", "-j", "2", "-T", String(seconds));
        sound(t, cluster, "after mounting again");
        cluster.stop("fast");
      } finally {
        cluster.end();
      }
    },
    { deadlineMs: timeoutMs - 10_000, ...(root ? { options: ["allow_other"] } : {}) },
  ),
);
