/**
 * `npx drizzle-kit generate` writes the next migration from the tables.
 *
 * @module
 */
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	dialect: "postgresql",
	schema: "./src/core/store/tables.ts",
	out: "./src/core/store/migrations",
});
