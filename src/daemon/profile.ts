import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";

/** Names the file that gets a CPU profile of the worker, for Chrome's developer tools or speedscope, when its mount has ended. */
export const profileVariable = "STONE_CPU_PROFILE";

/** Runs `action` under V8's profiler if the environment asks for it. `node --cpu-prof` would only see threads that return to their event loop. */
export function profiled(action: () => void): void {
  const path = process.env[profileVariable];
  if (path === undefined) {
    action();
    return;
  }
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.start");
  try {
    action();
  } finally {
    // Answered before post returns: the session and what it profiles are one thread.
    session.post("Profiler.stop", (error, result) => {
      if (error === null) writeFileSync(path, JSON.stringify(result.profile));
    });
    session.disconnect();
  }
}
