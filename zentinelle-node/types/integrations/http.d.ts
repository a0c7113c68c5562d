/**
 * Express and Hono: decides an HTTP request before its handler runs. A denial is answered with 403, a limit with 429 and
 * `Retry-After`; the body says which code and why.
 */
import type { Request as Asked } from "../engine.js";
import { type GuardOptions } from "./guard.js";
/** How an HTTP request becomes a question. */
export interface HttpOptions<R> extends Omit<GuardOptions, "identity" | "context"> {
    /** The question a request asks. Who asks must come from your authentication. Undefined: not to be decided. */
    request: (request: R) => Asked | undefined | Promise<Asked | undefined>;
}
interface ExpressResponse {
    status(code: number): this;
    set(headers: Record<string, string>): this;
    json(body: unknown): unknown;
}
/** Middleware for Express (and what is made like it). */
export declare function expressGuard<R>(options: HttpOptions<R>): (request: R, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void>;
interface HonoContext {
    json(body: any, status: any, headers: Record<string, string>): Response;
}
/** Middleware for Hono. */
export declare function honoGuard<C extends HonoContext>(options: HttpOptions<C>): (context: C, next: () => Promise<void>) => Promise<Response | void>;
export {};
