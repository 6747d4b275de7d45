/**
 * GraphQL over HTTP: Apollo Server at `/graphql`.
 *
 * @module
 */
import { ApolloServer } from "@apollo/server";
import {
	ApolloServerPluginCacheControlDisabled,
	ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Engine } from "../core/engine.ts";
import type { Context } from "../resolvers/context.ts";
import { formatErrors } from "../resolvers/errors.ts";
import { costLimit, depthLimit } from "../resolvers/limits.ts";
import { buildApiSchema } from "../resolvers/schema.ts";
import { abandoned } from "./abandoned.ts";
import { offerPage } from "./graphiql.ts";

/** Bytes of a query that are not a picture. */
const roomForQuery = 2 ** 20;

/** Serves the API at `/graphql`, by GET and by POST; a browser that opens it gets the GraphiQL page. */
export async function graphqlRoute(app: FastifyInstance, engine: Engine): Promise<void> {
	const schema = await buildApiSchema();
	const apollo = new ApolloServer<Context>({
		schema,
		introspection: true,
		csrfPrevention: true,
		persistedQueries: false,
		stopOnTerminationSignals: false,
		includeStacktraceInErrorResponses: false,
		validationRules: [depthLimit],
		plugins: [
			costLimit(schema),
			ApolloServerPluginLandingPageDisabled(),
			// No answer may be kept, which one header says; this plugin would wrap every field of every answer to find it out.
			ApolloServerPluginCacheControlDisabled(),
		],
		formatError: formatErrors((error, reference) => app.log.error({ err: error, reference }, "A query failed.")),
	});
	await apollo.start();
	app.addHook("onClose", () => apollo.stop());

	const answer = fastifyApolloHandler(apollo, {
		context: async (_request, reply) => ({ engine, signal: abandoned(reply) }),
	});
	app.route({
		method: ["GET", "POST"],
		url: "/graphql",
		// One picture of the largest size may be part of a query, in base64.
		bodyLimit: Math.ceil((engine.limits.bytes * 4) / 3) + roomForQuery,
		preHandler: [offerPage, forbidKeeping],
		handler: answer,
	});
}

/** Answers depend on models, stored pictures and comparisons, none of which a cache knows. */
function forbidKeeping(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
	reply.header("cache-control", "no-store");
	done();
}
