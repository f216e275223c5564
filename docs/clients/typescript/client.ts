// What every client of Throughline wants once: who calls, trying again safely, errors in words, and following a timeline through breaks.
// Generate the contract's code first (see README.md one folder up).

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, type Client, Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { TimelineService, WatchTimelineResponse } from "./gen/throughline/timeline/v1/timeline_pb.js";

// The codes after which nobody knows whether a command happened. With the same requestId it may be sent again, and happens once.
const MAY_RETRY = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Canceled]);
// How long one try may take, and how long to keep trying, in milliseconds.
const ONE_TRY = 5_000;
const ALL_TRIES = 60_000;

// Who calls, as a server on loopback believes it. Elsewhere send { authorization: `Bearer ${token}` } instead.
export type Caller = Record<string, string>;

export function caller(actor: string, role: string, agency?: string): Caller {
  const who = { "throughline-actor": actor, "throughline-role": role };
  return agency ? { ...who, "throughline-agency": agency } : who;
}

// The service said no. `reason` is stable and for programs; the text says what to do; `fields` names what did not parse.
export class Refused extends Error {
  readonly code: Code;
  readonly reason: string;
  readonly fields: string[];
  readonly retryAfter: number | undefined;

  constructor(error: ConnectError) {
    const [info] = error.findDetails(ErrorInfoSchema);
    const reason = info?.reason ?? "";
    super(`${error.rawMessage} (${reason || Code[error.code]})`);
    this.code = error.code;
    this.reason = reason;
    this.fields = error.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations.map((one) => one.field));
    const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
    this.retryAfter = delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
  }

  // Whether the same request may be sent again as it is.
  get mayRetry(): boolean {
    return MAY_RETRY.has(this.code) || (this.code === Code.ResourceExhausted && this.retryAfter !== undefined);
  }
}

// Calls until there is an answer. A command gets one requestId for all its tries.
export async function ask<Request extends object, Response>(
  method: (request: Request, options?: CallOptions) => Promise<Response>,
  request: Request,
  who: Caller,
): Promise<Response> {
  const one = { requestId: randomUUID(), ...request };
  const giveUp = Date.now() + ALL_TRIES;
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      return await method(one, { headers: who, timeoutMs: ONE_TRY });
    } catch (error) {
      const refused = new Refused(ConnectError.from(error));
      if (!refused.mayRetry || Date.now() > giveUp) throw refused;
      await sleep(Math.max(refused.retryAfter ?? 0, wait));
    }
  }
}

// Every update of a timeline, through breaks and restarts. Keep the last resumeToken: a later call goes on from there.
export async function* follow(
  timeline: Client<typeof TimelineService>,
  personId: string,
  who: Caller,
  resumeToken = "",
): AsyncGenerator<WatchTimelineResponse["update"]> {
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      for await (const { update } of timeline.watchTimeline({ personId, resumeToken }, { headers: who })) {
        wait = 50;
        if (update.case === "resumeToken") resumeToken = update.value;
        yield update;
      }
    } catch (error) {
      const refused = new Refused(ConnectError.from(error));
      if (!refused.mayRetry) throw refused;
    }
    await sleep(wait);
  }
}
