// What every client of Throughline wants once: who calls, trying again safely, errors in words, and following timelines through breaks.
// Generate the contract's code first (see README.md one folder up).

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, type Client, Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { TimelineService, WatchAgencyResponse, WatchTimelineResponse } from "./gen/throughline/timeline/v1/timeline_pb.js";

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
  const watched = watch((token) => timeline.watchTimeline({ personId, resumeToken: token }, { headers: who }), resumeToken);
  for await (const sent of watched) if (sent) yield sent.update;
}

// What belongs together in the following of all whom an agency serves, and the token that closes it.
export type Step = { updates: WatchAgencyResponse[]; resumeToken: string };

// Every change of the timelines of all whom the agency serves, in steps. Take a step as a whole, and keep its token with what you made of it: a later
// call goes on from there. What no token has closed comes again after a break, so it is dropped here.
export async function* followAgency(
  timeline: Client<typeof TimelineService>,
  who: Caller,
  resumeToken = "",
): AsyncGenerator<Step> {
  let updates: WatchAgencyResponse[] = [];
  const watched = watch((token) => timeline.watchAgency({ resumeToken: token }, { headers: who }), resumeToken);
  for await (const sent of watched) {
    if (sent === undefined) {
      updates = [];
    } else if (sent.update.case === "resumeToken") {
      yield { updates, resumeToken: sent.update.value };
      updates = [];
    } else {
      updates.push(sent);
    }
  }
}

// What a watch sends, and undefined at each break, after which it goes on from the last resumeToken.
async function* watch<Sent extends WatchTimelineResponse | WatchAgencyResponse>(
  open: (resumeToken: string) => AsyncIterable<Sent>,
  resumeToken: string,
): AsyncGenerator<Sent | undefined> {
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      for await (const sent of open(resumeToken)) {
        wait = 50;
        if (sent.update.case === "resumeToken") resumeToken = sent.update.value;
        yield sent;
      }
    } catch (error) {
      const refused = new Refused(ConnectError.from(error));
      if (!refused.mayRetry) throw refused;
    }
    yield undefined;
    await sleep(wait);
  }
}
