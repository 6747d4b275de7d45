/**
 * What differs between the packages that `dediffusion plugin new` writes.
 *
 * @module
 */

/** The texts of two files. `factory` is the name of what the package exports. */
export interface PluginKind {
	/** For sentences about it, e.g. `An encoder`. */
	readonly what: string;
	readonly source: (name: string, id: string, factory: string) => string;
	readonly test: (factory: string) => string;
}

/** The environment variable of a plugin's key, e.g. `FRESH_PAINT_KEY`. */
function variableOf(id: string): string {
	return `${id.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_KEY`;
}

/** What all packages begin with: an address and a key. @param what Of what the API knows, e.g. `encoder`. */
export function optionsSource(what: string, id: string): string {
	return `const options = z.strictObject({
	/** The ${what}'s id in the API. */
	id: z.string().default("${id}"),
	/** Where the service is. */
	url: z.url(),
	/** Environment variable that holds the key. */
	keyVariable: z.string().default("${variableOf(id)}"),
});
`;
}

/** How a package reaches its service. */
export const connectionSource = `	const key = process.env[keyVariable];
	const fetch = host.connect({ url, secrets: [key] });
	const headers = { "content-type": "application/json", ...(key && { authorization: \`Bearer \${key}\` }) };
`;

/** What the test of a package differs in. */
export interface KitTest {
	/** Names of the SDK for tests that the service needs, e.g. `pictureOf`. */
	readonly imports?: readonly string[];
	/** What the kit calls what it checks, e.g. `languageModel`, and its function. */
	readonly subject: string;
	readonly check: string;
	/** The end of the expression that takes it from what the plugin gives, e.g. `.encoders`. */
	readonly from: string;
	/** The function that answers for the service. */
	readonly answer: string;
}

/** A test that runs the conformance kit against a service of its own, and against one that refuses. */
export function testSource(factory: string, { imports = [], subject, check, from, answer }: KitTest): string {
	const setUp = (service: string) => {
		const given = `await ${factory}({ url: ${service}.url }).setup(host)`;
		return from === "" ? given : `(${given})${from}`;
	};
	return `import { test } from "node:test";
import { ${[check, ...imports, "startService", "testHost"].join(", ")} } from "dediffusion/plugin/testing";
import { ${factory} } from "./index.ts";

test("keeps to the contract", async () => {
	const service = await startService(${answer});
	const refusing = await startService((_, response) => void response.writeHead(401).end());
	const host = testHost();
	const [${subject}] = ${setUp("service")};
	const [refused] = ${setUp("refusing")};
	try {
		if (${subject} && refused) {
			await ${check}(${subject}, { failing: [{ ${subject}: refused, code: "BACKEND_AUTH" }] });
		}
	} finally {
		await host.close();
		service.close();
		refusing.close();
	}
});
`;
}
