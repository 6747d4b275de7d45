/**
 * The HTTP server with all its routes, not yet listening.
 *
 * @module
 */
import Fastify, { type FastifyInstance, LogController } from "fastify";
import type { Engine } from "../core/engine.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { guardAccess } from "./access.ts";
import { answerError, requestId } from "./errors.ts";
import { graphiqlRoutes } from "./graphiql.ts";
import { graphqlRoute } from "./graphql.ts";
import { healthRoutes } from "./health.ts";
import { imagenRoutes } from "./imagen.ts";
import { modelRoutes } from "./models.ts";
import { openaiRoutes } from "./openai.ts";
import { pictureRoutes } from "./pictures.ts";

export interface AppOptions {
	readonly engine: Engine;
	/** The bearer token that requests must carry; undefined lets in everybody on this machine. */
	readonly token?: string | undefined;
	/** False from the moment that shutdown begins. */
	readonly isReady: () => boolean;
	/** Least important lines to log. Default `warn`. */
	readonly logLevel?: "silent" | "error" | "warn" | "info" | undefined;
}

/** Puts the routes together. Closing the app lets running requests finish first. */
export async function createApp({ engine, token, isReady, logLevel = "warn" }: AppOptions): Promise<FastifyInstance> {
	const app = Fastify({
		logger: { level: logLevel },
		genReqId: requestId,
		logController: new LogController({ disableRequestLogging: true }),
	});
	app.setErrorHandler(answerError);
	app.setNotFoundHandler((request) => {
		throw new DeDiffusionError("ROUTE_NOT_FOUND", `There is nothing at ${request.method} ${request.url}.`);
	});
	guardAccess(app, token);

	app.get("/", (_request, reply) => reply.redirect("/graphql"));
	healthRoutes(app, isReady);
	graphiqlRoutes(app);
	await app.register((scope) => pictureRoutes(scope, engine));
	await app.register((scope) => graphqlRoute(scope, engine));
	await app.register((scope) => modelRoutes(scope, engine));
	await app.register((scope) => openaiRoutes(scope, engine));
	await app.register((scope) => imagenRoutes(scope, engine));
	return app;
}
