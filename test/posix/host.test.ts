/** The suite on the host's own file system: what fails here is a mistake of the suite. */
import t from "tap";
import { temporaryDirectory } from "../support/temporary.js";
import { runSuite, unsupportedHere } from "./suite.js";

await runSuite(t, temporaryDirectory(t), unsupportedHere());
