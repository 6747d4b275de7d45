/**
 * The GraphiQL page, served from the installed package: it needs no internet.
 *
 * @module
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type RuruClientConfig, ruruHTML } from "ruru/server";
import { getStaticFile } from "ruru/static";
import { DeDiffusionError } from "../plugins/index.ts";

const assets = "/graphql/assets/";

/** Lets the page load from here and nowhere else, whatever its script tries. */
const contentSecurityPolicy = [
	"default-src 'self'",
	"script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
	"style-src 'self' 'unsafe-inline'",
	"font-src 'self' data:",
	"img-src 'self' data:",
	"worker-src 'self' blob:",
	"frame-ancestors 'none'",
].join("; ");

const firstQuery = `# Welcome to De-Diffusion.
# Press the triangle to see what the server can draw with.
query Welcome {
  encoders { id name tokens }
  decoders { id name lane }
  comparisons(first: 1) {
    nodes {
      status
      cells {
        source { label text original { url } }
        decoder
        decoding { picture { url } }
        metrics { psnr ssim }
      }
    }
  }
}
`;

const page = ruruHTML({
	staticPath: assets,
	endpoint: "/graphql",
	// GraphiQL's own types, which ruru's build on, are absent from the package: to the compiler every option is required.
	clientConfig: { defaultQuery: firstQuery } as RuruClientConfig,
	htmlParts: { titleTag: "<title>De-Diffusion</title>" },
});

/** Answers a browser that opens `/graphql` with the page; programs, which do not ask for HTML, pass through to GraphQL. */
export function offerPage(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
	if (request.method === "GET" && request.headers.accept?.includes("text/html")) {
		reply.header("content-security-policy", contentSecurityPolicy).type("text/html; charset=utf-8").send(page);
	} else {
		done();
	}
}

/** The page's scripts and styles. */
export function graphiqlRoutes(app: FastifyInstance): void {
	app.get(`${assets}*`, async (request, reply) => {
		const file = await getStaticFile({
			staticPath: assets,
			urlPath: request.url,
			acceptEncoding: request.headers["accept-encoding"],
			disallowDevAssets: true,
		});
		if (file === null) {
			throw new DeDiffusionError("ROUTE_NOT_FOUND", `There is nothing at ${request.url}.`);
		}
		return reply.headers(file.headers).send(file.content);
	});
}
