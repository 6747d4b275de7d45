/**
 * The GraphQL over HTTP specification, held against the real server by its own audits.
 *
 * @module
 */
import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve({ engine: { limits: { pictureBytes: 3000 } } });
});
afterAll(() => server.close());

/** As docs/api.md asks of programs: a page of another site cannot send this header, so nothing runs on its behalf. */
const fetchFn = (url: string, options: RequestInit = {}) =>
	fetch(url, { ...options, headers: { "apollo-require-preflight": "1", ...options.headers } });
const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn });

/**
 * Recommendations that the server does not follow: 200 for queries that never ran, where the client accepts
 * application/json. Apollo answers 400 for either media type, as docs/api.md says, so that no monitor or cache takes
 * a refusal for a success.
 */
const declined = ["572B", "FDE2", "7B9B"];

test("there are as many audits as the specification has", () => {
	expect(audits).toHaveLength(61);
});

test.each(audits)("$id: $name", async ({ id, fn }) => {
	const result = await fn();
	const reason = "reason" in result ? result.reason : "";
	expect(result.status, reason).toBe(declined.includes(id) ? "warn" : "ok");
});

test("answers are not to be kept by anybody on the way", async () => {
	const { headers } = await fetch(`${server.url}/graphql?query={__typename}`, {
		headers: { "apollo-require-preflight": "1" },
	});
	expect(headers.get("cache-control")).toBe("no-store");
});

test("a query by GET needs a header that pages of other sites cannot send", async () => {
	const answer = await fetch(`${server.url}/graphql?query={__typename}`);
	expect(await refusalOf(answer)).toMatchObject({ status: 400, code: "QUERY_INVALID" });
});

const post = (body: string, type = "application/json") =>
	fetch(`${server.url}/graphql`, { method: "POST", headers: { "content-type": type }, body });

test.each(["{", "", '{"query": "{ __typename }", "variables": {"x": NaN}}', "\0"])(
	"malformed JSON is said to be so: %j",
	async (body) => {
		expect(await refusalOf(await post(body))).toMatchObject({ status: 400, code: "INPUT_INVALID" });
	},
);

test.each(["{}", "[]", "null", '{"query": 1}', '{"query": ""}', '{"query": "{ __typename }", "variables": "x"}'])(
	"JSON that holds no query is said to hold none: %s",
	async (body) => {
		expect(await refusalOf(await post(body))).toMatchObject({ status: 400, code: "QUERY_INVALID" });
	},
);

test.each([
	"{",
	"query {",
	"{ encoders { id } ",
	"mutation",
	"{ nothing }",
	"{ encoders }",
	"{ __typename } { __typename }",
])("malformed GraphQL is said to be so: %s", async (query) => {
	const refusal = await refusalOf(await post(JSON.stringify({ query })));
	expect(refusal).toMatchObject({ status: 400, code: "QUERY_INVALID" });
});

test("a type of body that is no JSON is refused", async () => {
	const refusal = await refusalOf(await post("query { __typename }", "application/graphql"));
	expect(refusal).toMatchObject({ status: 415, code: "INPUT_INVALID" });
});

test("a body of more bytes than a picture needs is refused, and says where pictures go", async () => {
	const refusal = await refusalOf(await post(JSON.stringify({ query: "#".repeat(2 ** 20 + 5000) })));
	expect(refusal).toMatchObject({
		status: 413,
		code: "REQUEST_TOO_LARGE",
		advice: expect.stringContaining("/pictures"),
	});
});

test("a query of many levels is refused before it runs", async () => {
	const query = `{ encode(picture: { id: "x" }) { ${"prefix(length: 1) { ".repeat(20)} text ${"}".repeat(20)} } }`;
	const refusal = await refusalOf(await server.ask(query));
	expect(refusal).toMatchObject({
		status: 400,
		code: "QUERY_TOO_COMPLEX",
		message: expect.stringContaining("12 levels"),
	});
});

test("a query of many pictures is refused before it runs, whatever stands beside it", async () => {
	const pictures = Array.from(
		{ length: 200 },
		(_, index) => `p${index}: decode(text: "a cat", decoder: "tiny") { seed }`,
	);
	for (const rest of ["", "comparisons(first: -1000000) { nodes { id } }"]) {
		const refusal = await refusalOf(await server.ask(`{ ${pictures.join(" ")} ${rest} }`));
		expect(refusal).toMatchObject({
			status: 400,
			code: "QUERY_TOO_COMPLEX",
			message: expect.stringMatching(/\d+.* 20000/),
		});
	}
});

test("a mutation by GET is refused", async () => {
	const query = encodeURIComponent('mutation { cancelComparison(id: "x") { id } }');
	const headers = { accept: "application/json", "content-type": "application/json" };
	const answer = await fetch(`${server.url}/graphql?query=${query}`, { headers });
	expect(answer.status).toBe(405);
});
