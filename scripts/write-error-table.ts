/**
 * Writes docs/errors.md from the table of error codes: `npx node scripts/write-error-table.ts`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { type ErrorCodeEntry, errorCodes } from "../src/plugins/error-codes.ts";

/** The page that is written. */
export const errorTableFile = new URL("../docs/errors.md", import.meta.url);

const opening = `# Errors

Every error carries one of these codes in \`extensions.code\`, with the input at fault in \`input\`, what to do in \`advice\`, whether the
same request may succeed later in \`retryable\`, and in \`retryAfterMs\` how long to wait when a backend said so. Codes are stable: write
programs against them and not against messages. [How errors look](api.md#errors).

Where only a part fails, a cell of a comparison or one metric of several, its own \`error\` field says the same.

Files of a model are named by the model's id, as in \`scenes-a/unet/model.onnx\`: where they lie on the server's machine is not told to
clients. The server's log has the whole path.

"Retry" says whether the same request may succeed later without a change; a single error may know better. The status is that of
plain HTTP requests; GraphQL answers with 200 where the query itself could be run, and carries its errors in the body.

| code | when it happens | what to do | retry | status |
| --- | --- | --- | --- | --- |
`;

function row([code, { meaning, advice, retryable, status }]: [string, ErrorCodeEntry]): string {
	return `| \`${code}\` | ${meaning} | ${escapeTags(advice)} | ${retryable ? "yes" : "no"} | ${status} |`;
}

/** Markdown would swallow `<token>` as a tag. */
function escapeTags(text: string): string {
	return text.replaceAll("<", "&lt;");
}

/** The whole page. */
export function errorTable(): string {
	return `${opening}${Object.entries(errorCodes).map(row).join("\n")}\n`;
}

if (import.meta.main) {
	writeFileSync(errorTableFile, errorTable());
}
