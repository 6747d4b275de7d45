/**
 * Makes the built commands executable. npm does so when it installs a package, and not again when a clone is built anew.
 *
 * @module
 */
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { bin: Record<string, string> };
await Promise.all(Object.values(bin).map((file) => chmod(join(root, file), 0o755)));
