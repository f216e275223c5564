// Refers a person to a programme and follows what becomes of it: `node dist/refer.js http://localhost:50051`.

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { ask, caller, follow, followAgency, Refused } from "./client.js";
import { ClosingReason, Receiver, ReferralsService } from "./gen/throughline/referrals/v1/referrals_pb.js";
import { ConsentGrantor, RegistryService } from "./gen/throughline/registry/v1/registry_pb.js";
import { TimelineService } from "./gen/throughline/timeline/v1/timeline_pb.js";
import { LifeDomain, Purpose, Voice } from "./gen/throughline/type/v1/type_pb.js";

const baseUrl = process.argv[2] ?? "http://localhost:50051";
const connection = new Http2SessionManager(baseUrl);
const transport = createGrpcTransport({ baseUrl, sessionManager: connection });
const people = createClient(RegistryService, transport);
const loop = createClient(ReferralsService, transport);
const timeline = createClient(TimelineService, transport);
const operator = caller("service:set-up", "operator");

async function agency(name: string): Promise<string> {
  const content = { name, zone: "America/Chicago" };
  return (await ask(people.registerAgency, { content }, operator)).written!.id;
}

const [shelter, works] = [await agency("Juniper Shelter"), await agency("Harbor Works")];
const atShelter = caller("service:juniper", "worker", shelter);
const atWorks = caller("service:harbor", "worker", works);

const offer = {
  name: "Jobs you choose",
  practice: "ips",
  receiver: Receiver.VOCATIONAL,
  lifeDomains: [LifeDomain.EMPLOYMENT],
  zone: "America/Chicago",
};
const offerId = (await ask(loop.publishServiceOffer, { content: offer }, atWorks)).written!.id;
const details = { givenName: "Testa", familyName: "Mustermann" };
const personId = (await ask(people.registerPerson, { details }, atShelter)).written!.id;
const person = caller(`person:${personId}`, "person");

// What does not parse is told by its field.
try {
  await ask(loop.draftReferral, { personId }, atShelter);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(`refused: ${error.reason}: ${error.fields.join(", ")}`);
}

const draft = {
  personId,
  offerId,
  lifeDomain: LifeDomain.EMPLOYMENT,
  need: "Help to find a job outdoors and keep it",
  noGoalReason: "The goal comes with the first talk",
};
const referralId = (await ask(loop.draftReferral, draft, atShelter)).written!.id;

// Without the person's yes it is refused, with a reason that a program can act on.
try {
  await ask(loop.sendReferral, { referralId }, atShelter);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(`refused: ${error.reason}`);
}

const scope = { recipientAgencyIds: [shelter, works], purposes: [Purpose.REFERRAL, Purpose.COORDINATION] };
const content = { scope, grantor: ConsentGrantor.PERSON, operatorIsIntermediary: true };
await ask(people.giveConsent, { personId, content, voice: Voice.PERSON }, person);
await ask(loop.sendReferral, { referralId }, atShelter);
await ask(loop.acceptReferral, { referralId }, atWorks);

// The person watches until the loop has opened the case by itself; then, as after a restart, from the token on.
let token = "";
let opened = false;
for await (const update of follow(timeline, personId, person)) {
  if (update.case === "entry") {
    console.log(`seen: ${update.value.line}`);
    opened ||= update.value.service === "vocational";
  }
  if (update.case === "resumeToken" && opened) {
    token = update.value;
    break;
  }
}
// An integration watches all whom its agency serves, and keeps its place with what it took over.
let place = "";
for await (const step of followAgency(timeline, atShelter)) {
  place = step.resumeToken;
  console.log(`the agency has ${new Set(step.updates.map((sent) => sent.personId)).size} timelines`);
  break;
}
const gone = await ask(loop.cancelReferral, { referralId, reason: ClosingReason.PERSON_DECLINED }, person);
console.log(`cancelled at version ${gone.written!.etag}`);
for await (const update of follow(timeline, personId, person, token)) {
  if (update.case !== "entry") continue;
  console.log(`seen after the break: ${update.value.line}`);
  if (update.value.line.includes("cancelled")) break;
}
for await (const step of followAgency(timeline, atShelter, place)) {
  const entries = step.updates.flatMap(({ update }) => (update.case === "entry" ? [update.value] : []));
  for (const entry of entries) console.log(`the agency sees: ${entry.line}`);
  if (entries.some((entry) => entry.line.includes("cancelled"))) break;
}
connection.abort();
